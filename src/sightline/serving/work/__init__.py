"""The work behind the API: a fair and bounded line of jobs, and the threads that do them."""

from sightline.serving.work.crew import Crew
from sightline.serving.work.jobs import Heavy, Job, Picture, Waiting
from sightline.serving.work.line import Bounds, Line, out_of_time

__all__ = ["Bounds", "Crew", "Heavy", "Job", "Line", "Picture", "Waiting", "out_of_time"]
