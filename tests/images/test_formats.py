import pytest

from pictures import encode, gradient
from sightline.errors import ImageNotSupported
from sightline.images import decode_image, inspect_image
from sightline.records import ImageLimits, Preprocessing

SPEC = Preprocessing(width_px=32, height_px=32, jpeg_reduction=None)
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}


@pytest.mark.parametrize("image_format", LOSSLESS)
def test_lossless_formats_give_back_every_pixel(image_format):
    pixels = gradient()

    decoded = decode_image(encode(pixels, image_format, **LOSSLESS[image_format]), SPEC)

    assert decoded.dtype == "uint8"
    assert (decoded == pixels).all()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"optimize": True}])
def test_jpeg_decodes_close_to_its_source(options):
    pixels = gradient()

    decoded = decode_image(encode(pixels, "JPEG", quality=95, **options), SPEC)

    assert decoded.shape == pixels.shape
    assert abs(decoded.astype(int) - pixels).max() <= 12


def test_first_frame_of_gif_tiff_and_webp_is_taken():
    first, second = gradient(), 255 - gradient()
    for image_format, options in {"GIF": {}, "TIFF": {}, "WEBP": {"lossless": True}}.items():
        from PIL import Image

        data = encode(
            Image.fromarray(first),
            image_format,
            save_all=True,
            append_images=[Image.fromarray(second)],
            **options,
        )
        decoded = decode_image(data, SPEC)

        tolerance = 60 if image_format == "GIF" else 0
        assert abs(decoded.astype(int) - first).max() <= tolerance, image_format


def test_several_pictures_in_one_jpeg_give_the_first():
    from PIL import Image

    first, second = Image.fromarray(gradient()), Image.fromarray(255 - gradient())
    data = encode(first, "MPO", save_all=True, append_images=[second], quality=95)

    decoded = decode_image(data, SPEC)

    assert inspect_image(data, ImageLimits()).format == "JPEG"
    assert abs(decoded.astype(int) - gradient()).max() <= 12


def test_the_content_decides_not_the_name(tmp_path):
    png_called_jpg = tmp_path / "picture.jpg"
    png_called_jpg.write_bytes(encode(gradient()))

    assert inspect_image(png_called_jpg.read_bytes(), ImageLimits()).format == "PNG"


@pytest.mark.parametrize("image_format", ["PPM", "JPEG2000"])
def test_further_formats_are_taken_only_if_asked_for(image_format):
    data = encode(gradient(), image_format)
    asked = SPEC.model_copy(update={"limits": ImageLimits(formats=(image_format,))})

    with pytest.raises(ImageNotSupported, match="Allowed: JPEG, PNG, WEBP, BMP, TIFF, GIF") as refusal:
        decode_image(data, SPEC)

    assert refusal.value.reason == "format_not_allowed"
    assert (decode_image(data, asked) == gradient()).all()


def test_a_format_taken_off_the_list_is_refused():
    only_jpeg = SPEC.model_copy(update={"limits": ImageLimits(formats=("JPEG",))})

    with pytest.raises(ImageNotSupported, match=r"Allowed: JPEG\."):
        decode_image(encode(gradient(), "PNG"), only_jpeg)
