#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The dashboard in examples/grafana asks for metrics that there are, by labels
that they have: each name is looked up in what the applets tell."""
import json
import re
import unittest

import lab

DASHBOARD = lab.ROOT / "examples/grafana/xlat.json"
POOL6 = "2001:db8:46::/96"
APPLETS = {
    "siit": ["siit", "--pool6", POOL6, "--self6", "2001:db8:46::c000:201"],
    "plat": ["plat", "--pool6", "64:ff9b::/96", "--pool4", "192.0.2.1"],
    "dns64": ["dns64", "--forward", "127.0.0.2", "--listen", "127.0.0.1:53"],
}
SAMPLE = re.compile(r"^(xlat_\w+)(?:\{(.*)\})? \d", re.M)


class Dashboard(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.there = {}  # {metric: labels}
        with lab.Lab("box") as net:
            for name, argv in APPLETS.items():
                net["box"].xlat(*argv)
                for metric, labels in SAMPLE.findall(
                        lab.ctl(name, "metrics").stdout):
                    cls.there.setdefault(metric, set()).update(
                        re.findall(r'(\w+)="', labels))
        cls.targets = [t for p in json.loads(DASHBOARD.read_text())["panels"]
                       for t in p["targets"]]

    def test_metrics_exist(self):
        asked = {m for t in self.targets
                 for m in re.findall(r"xlat_\w+", t["expr"])}
        self.assertGreater(len(asked), 10)
        self.assertEqual(asked - set(self.there), set())

    def test_labels_exist(self):
        """Prometheus itself adds "instance"."""
        for target in self.targets:
            metric, = re.findall(r"xlat_\w+", target["expr"])
            labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            self.assertLessEqual(labels - {"instance"}, self.there[metric])

    def test_counters_are_rates(self):
        for target in self.targets:
            total = "_total" in target["expr"]
            self.assertEqual(total, bool(re.search(r"\b(rate|increase)\(",
                                                   target["expr"])))

    def test_queries_parse(self):
        """promtool reads them as rules."""
        rules = [{"record": f"x:{i}", "expr": re.sub(
            r"\$\w+", "5m", t["expr"].replace("$instance", ".*"))}
            for i, t in enumerate(self.targets)]
        path = lab.FILES / "rules.json"  # JSON is YAML
        path.write_text(json.dumps({"groups": [{"name": "x",
                                                "rules": rules}]}))
        with lab.Lab("box") as net:
            net["box"].run("promtool", "check", "rules", path)


if __name__ == "__main__":
    lab.enter()
    unittest.main(verbosity=2)
