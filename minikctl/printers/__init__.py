"""Output: tables, YAML, JSON, jsonpath, Go templates, custom columns, and describers."""
