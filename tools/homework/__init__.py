"""The teacher's side of homework: starters made, submissions collected and graded."""
