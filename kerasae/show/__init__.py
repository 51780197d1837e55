"""Results for people: tables, figures and self-contained pages."""
