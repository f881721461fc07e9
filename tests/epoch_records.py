"""Records of epochs as a training would tell them."""

from sightline.training import EpochRecord


def epoch_record(epoch: int, *, phase: str = "fine_tuning", **validation: float) -> EpochRecord:
    return EpochRecord.model_validate(
        {
            "phase": phase,
            "epoch": epoch,
            "train_loss": 2.0 / (epoch + 1),
            "validation": validation or {"accuracy": 0.5 + epoch / 100, "f1_macro": 0.4 + epoch / 100},
            "head_learning_rate": 1e-3,
            "backbone_learning_rate": 3e-4,
            "seconds": 1.5,
            "images_per_s": 64.0,
        }
    )
