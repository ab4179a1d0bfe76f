"""The chat page. Speaks only HTTP to the appliance; imports none of our packages."""
