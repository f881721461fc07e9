"""Wrong labels: which pictures a person should look at again, and why.

Needs the extra [labels], whose cleanlab is licensed under the AGPL-3.0; it is imported only when asked.
"""

from sightline.quality.labels.page import suspects_page
from sightline.quality.labels.probabilities import out_of_sample_probabilities
from sightline.quality.labels.review import LabelReview, review_embeddings
from sightline.quality.labels.suspects import Suspect, find_label_errors
from sightline.quality.labels.table import suspects_table

__all__ = [
    "LabelReview",
    "Suspect",
    "find_label_errors",
    "out_of_sample_probabilities",
    "review_embeddings",
    "suspects_page",
    "suspects_table",
]
