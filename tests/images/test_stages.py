import numpy as np

from pictures import encode, exif_orientation, gradient
from sightline.images import describe_stage, preprocess_image
from sightline.records import Preprocessing


def test_each_boundary_reports_shape_dtype_and_range():
    reports = []
    spec = Preprocessing(width_px=24, height_px=16)
    data = encode(gradient(64, 48), exif=exif_orientation(6))

    preprocess_image(data, spec, observe=lambda stage, values: reports.append(describe_stage(stage, values)))

    assert [(report.stage, report.shape) for report in reports] == [
        ("decode", (48, 64, 3)),
        ("orient", (64, 48, 3)),
        ("resize", (16, 24, 3)),
    ]
    assert {report.dtype for report in reports} == {"uint8"}
    assert reports[0].minimum == gradient().min()
    assert reports[0].maximum == gradient().max()
    assert np.isclose(reports[0].mean, gradient().mean())
