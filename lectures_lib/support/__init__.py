"""What carries the course without being its subject: nobody needs to read it."""
