"""One file an exercise: text, the student's cell with its solution, the check, minutes and points.

The file of exercise 3.2 is called `e3_2_` and what it is about. It has, in this order:

- a docstring: the title, and the text in Markdown;
- ``# %% answer``: the student's cell. What stands between nbgrader's marks ``### BEGIN SOLUTION``
  and ``### END SOLUTION`` is taken out for students. What it defines last is the answer;
- ``# %% check``: `check(answer)`, or `check(answer, rng)` if it draws its cases. It raises `Wrong`
  with what is wrong. Its docstring says what the exercise tests;
- MINUTES; RUBRIC, points and what they are for; MISTAKES, wrong answers and what is behind them.
"""
