"""Counters and measures, in the form that Prometheus reads."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from segmentation.jobs.serving import Answer, ServedModel
from segmentation.service.uploads import Uploads
from segmentation.service.work_queue import WorkQueue

_SECONDS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120)
_CONFIDENCE = (0.5, 0.7, 0.8, 0.9, 0.92, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995, 1)


class Metrics:
    """The figures of one service."""

    def __init__(self, queue: WorkQueue, uploads: Uploads):
        disable_created_metrics()
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "cutout_requests", "Requests by address and status.", ["path", "status"], registry=registry
        )
        self.latency = Histogram(
            "cutout_request_seconds",
            "From the first byte of a request to the last of its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.waited = Histogram(
            "cutout_queue_seconds",
            "How long photos waited for a worker.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.worked = Histogram(
            "cutout_work_seconds", "How long photos were in work.", buckets=_SECONDS, registry=registry
        )
        self.decisions = Counter(
            "cutout_decisions", "Photos by decision.", ["model", "decision"], registry=registry
        )
        self.confidence = Histogram(
            "cutout_confidence", "Expected Dice of masks.", ["model"], buckets=_CONFIDENCE, registry=registry
        )
        self.drift = Gauge(
            "cutout_drift",
            "Mean deviation of the latest photos from those that the model knows, in standard deviations.",
            ["model", "feature"],
            registry=registry,
        )
        gauges = {
            "cutout_places_taken": ("Photos in work and waiting.", lambda: queue.taken),
            "cutout_photos_in_work": ("Photos in work.", lambda: queue.working),
            "cutout_uploads": ("Requests that are being received.", lambda: uploads.now),
            "cutout_batches": ("Batches that are being received and answered.", lambda: uploads.batches),
        }
        for name, (about, value) in gauges.items():
            Gauge(name, about, registry=registry).set_function(value)

    def count(self, model: ServedModel, answer: Answer, waited_s: float) -> list[str]:
        """Count a photo that was answered; return in words how the latest photos drift, see DriftAlarm."""
        result, news = answer.result, []
        self.waited.observe(waited_s)
        self.worked.observe(result.seconds or 0.0)
        if result.decision is not None and result.confidence is not None:
            self.decisions.labels(model.name, result.decision).inc()
            self.confidence.labels(model.name).observe(result.confidence)
        if model.alarm and result.features:
            news = model.alarm.add(result.features)
            for name, value in model.alarm.mean.items():
                self.drift.labels(model.name, name).set(value)
        return news

    def text(self) -> bytes:
        """Return all figures as a page."""
        return generate_latest(self.registry)
