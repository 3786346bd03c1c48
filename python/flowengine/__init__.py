"""Run Python functions as durable workflows."""
