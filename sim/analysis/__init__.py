"""What is asked of finished runs: how they stand beside what surveys found."""
