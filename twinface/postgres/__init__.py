"""The database that boxes share: connections to PostgreSQL, what is wrong with it in words, and its schema.

Nothing in here knows what is stored. psycopg, the extra `postgres`, is imported where a connection is made.
"""
