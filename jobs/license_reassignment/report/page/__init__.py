"""The pages for a browser: report.html and plan.html, and what they say in sentences, charts and lists."""
