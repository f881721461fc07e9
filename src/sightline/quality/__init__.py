"""What is wrong with a data set: findings of every kind, as records, a report and an exit code."""
