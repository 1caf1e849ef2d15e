"""What carries the course without being its subject.

Comparisons of claims, predictions and quizzes, sparse products, nets side by side,
translation, the lecture's slides, and a look at files that hide a library.
"""
