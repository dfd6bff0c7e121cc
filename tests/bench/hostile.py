#!/usr/bin/env python3
"""How many honest clients a seed serves while others misbehave, beside how many without them.

The seed has one processor to itself, honest and hostile clients share the other. Honest clients ask
at a fixed pace that is about a quarter of what the seed can do, 32 at once at most, so that neither
they nor the processor they share with the attackers decides; the attackers take all that is left of
it, at lower priority. Calm and attack are measured in turn and the median of the ratios counts.
Goal: at least 80 %. Beside it: what share of the honest connections was answered, how many hostile
ones began each second, and how much of its processor the seed used for both kinds.

--quick measures once, --json prints one object; other words pick behaviours, `all` takes all.
"""

import itertools
import os
import pathlib
import statistics
import sys

from report import median_ratio, new_home, show

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import hostile_lab as lab  # noqa: E402  (the path above comes first)

ROUNDS = 1 if "--quick" in sys.argv else 3
SECONDS = 1
EVERY_US = 1000
AT_ONCE = 64
# Room for a group of 250 IPs beside the honest ones; it may not have all of it.
LIMITS = {"p2p.max_num_inbound_peers": 500, "pex.max_inbound_per_group": 200}
SOURCES = {"one IP": 1, "250 IPs": 250}
USUAL = """
    storm silent half_key key_only key_storm wrong_mac wrong_signature handshake_storm idle ping_flood
    endless_message deaf deaf_requests requests request_reset
""".split()
WORDS = [word for word in sys.argv[1:] if not word.startswith("-")]
ALL = [name for name in lab.behaviours() if name != "serve"]
CHOSEN = ALL if WORDS == ["all"] else WORDS or USUAL

processors = sorted(os.sched_getaffinity(0))
SEED_CPU = ["taskset", "-c", str(processors[0])]
CLIENT_CPU = ["taskset", "-c", str(processors[-1])]


class Measurement:
    def __init__(self, seed):
        self.seed = seed
        self.networks = itertools.count(1)

    def served_per_s(self):
        """Honest clients from addresses that none before them had, up to 1,500 measurements."""
        number = next(self.networks)
        out = lab.run_crowd(
            self.seed, "serve", "--at-once", 32, "--every-us", EVERY_US, "--seconds", SECONDS,
            "--from", f"127.{128 + number % 100}.{number // 100 * 16}.1", "--from-n", 4000,
            before=CLIENT_CPU,
        )  # fmt: skip
        return out["served"] / out["seconds"], out["served"] / max(1, out["begun"] - out["left"])

    def under(self, behaviour, sources, number):
        crowd = lab.start_crowd(
            self.seed, behaviour, "--at-once", AT_ONCE, "--seconds", SECONDS + 1,
            "--from", f"127.{64 + number % 60}.0.1", "--from-n", sources,
            before=[*CLIENT_CPU, "nice", "-n", "10"],
        )  # fmt: skip
        cpu_s = lab.cpu_s(self.seed)
        rate, share = self.served_per_s()
        cpu_s = lab.cpu_s(self.seed) - cpu_s
        return rate, share, cpu_s, lab.end_crowd(crowd)


def measure(measurement, behaviour, sources, number):
    calm, attacked = [], []
    for _ in range(ROUNDS):
        calm.append(measurement.served_per_s()[0])
        rate, share, cpu_s, crowd = measurement.under(behaviour, sources, number)
        attacked.append(rate)
    return {
        "calm_per_s": statistics.median(calm),
        "attacked_per_s": statistics.median(attacked),
        "ratio": median_ratio(attacked, calm),
        "served_share": share,  # of those that came to an end
        "hostile_per_s": crowd["begun"] / crowd["seconds"],
        "seed_cpu": cpu_s / SECONDS,
    }


def main():
    results, rows = {}, []
    folder, home = new_home("hostile")
    with folder:
        seed = lab.Seed(home / "seed", before=SEED_CPU, **LIMITS)
        measurement = Measurement(seed)
        resident = lab.resident_bytes(seed)
        for number, behaviour in enumerate(CHOSEN):
            for text, sources in SOURCES.items():
                result = measure(measurement, behaviour, sources, number)
                results[f"{behaviour}, {text}"] = result
                what = (
                    f"{behaviour}, {text}: {result['hostile_per_s']:,.0f}/s, "
                    f"seed {result['seed_cpu']:.0%}, answered {result['served_share']:.0%}"
                )
                rows.append((what, result["ratio"] * 100, "%"))
                print(f"{what}: {result['ratio']:.1%}", file=sys.stderr)
        grown = lab.resident_bytes(seed) - resident
        seed.stop()
    worst = min(results, key=lambda name: results[name]["ratio"])
    rows += [
        ("calm, honest clients served each second",
         statistics.median(result["calm_per_s"] for result in results.values()), ""),
        (f"worst: {worst} (goal: at least 80)", results[worst]["ratio"] * 100, "%"),
        ("memory that the seed took meanwhile", grown / 1024, "KiB"),
    ]  # fmt: skip
    show("hostile", rows, {"attacks": results, "worst": worst, "memory_bytes": grown})


if __name__ == "__main__":
    main()
