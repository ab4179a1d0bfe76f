"""What happened to requests: kept, told, rated and added up."""
