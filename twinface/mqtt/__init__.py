"""The box on an MQTT broker: its events, who is where, and how it is; for Home Assistant and whoever else listens."""
