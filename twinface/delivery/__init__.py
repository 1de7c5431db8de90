"""What happened, brought to others: webhooks and notifications, tried again until they are taken or given up."""
