"""Tools for the people who run the course: `python -m advcourse.course build | normalise | lint | doctor`."""
