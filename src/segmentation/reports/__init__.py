"""Results for people: tables, charts and HTML pages."""
