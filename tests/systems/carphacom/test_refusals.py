# SPDX-License-Identifier: Apache-2.0
"""What uprev refuses before anything is touched: each with its exit code, the thing's name, and nothing changed."""
import hashlib
import json

import scenario


class Refused(scenario.SharedShopTest):
    shop_options = {"releases": ("1.4.0", "1.4.2", "1.4.3", "1.4.4", "1.4.5", "1.5.0", "2.0.0"), "extra": "auto: {allow: patch}"}

    def refused(self, code, pattern, *words):
        answer = self.uprev(*words)
        self.assert_exit(answer, code)
        self.assertRegex(answer.text, pattern)
        return answer

    def test_a_bad_signature(self):
        self.refused(4, "(?i)signed by key", "upgrade", "--to", "1.4.3")

    def test_a_missing_environment_variable(self):
        self.refused(3, "PAYMENT_KEY", "upgrade", "--to", "1.4.4")

    def test_a_plugin_that_does_not_fit(self):
        self.shop.install_plugin("loyalty", minimum="1.0.0", maximum="1.4.4")
        self.shop.install_plugin("wallet", minimum="1.9.0")
        try:
            answer = self.refused(3, "loyalty", "upgrade", "--to", "1.4.5")
            self.assertIn("wallet", answer.text, "each offender is named")
        finally:
            for name in ("loyalty", "wallet"):
                scenario.installation.workplace.remove(self.shop.shared / "plugins" / name)

    def test_a_breaking_release_without_consent(self):
        answer = self.refused(3, "--allow-breaking", "upgrade", "--to", "2.0.0")
        self.assertRegex(answer.text, "(?i)guide")

    def test_consent_without_a_reason(self):
        answer = self.uprev("upgrade", "--to", "2.0.0", "--allow-breaking")
        self.assertIn(answer.code, (2, 3), str(answer))
        self.assertIn("reason", answer.text)

    def test_a_version_that_does_not_exist(self):
        self.refused(7, "1.4.99", "upgrade", "--to", "1.4.99")

    def test_words_that_are_no_version(self):
        for word in ("1.0;id", "$(id)", "--to", "-1", "../../etc", "1.4.2\n", "1" * 10_000, "１.4.2"):
            with self.subTest(word=word[:20]):
                self.assertIn(self.uprev("upgrade", f"--to={word}").code, (2, 7))

    def test_an_older_version(self):
        self.shop.offer("1.4.0", "1.3.0") if "1.3.0" in scenario.oracle.RELEASES else None
        answer = self.uprev("upgrade", "--to", "1.4.0")
        self.assertIn(answer.code, (0, 3), str(answer))

    def test_facts_that_changed_since_the_plan(self):
        self.refused(5, "(?i)plan|changed", "upgrade", "--to", "1.4.2", "--plan-hash", "0" * 64)

    def test_a_plan_touches_nothing(self):
        answer = self.uprev("plan", "--to", "1.5.0")
        self.assert_exit(answer, 0)
        self.assertIn("hash", answer.json)

    def test_a_withdrawn_release(self):
        feed = json.loads(self.shop.feed.documents["/feed.json"])
        for release in feed["releases"]:
            if release["version"] == "1.4.2":
                release["withdrawn"] = "loses orders on Sundays"
        before = self.shop.feed.documents["/feed.json"]
        self.shop.feed.documents["/feed.json"] = json.dumps(feed).encode()
        try:
            self.refused(3, "Sundays", "upgrade", "--to", "1.4.2")
        finally:
            self.shop.feed.documents["/feed.json"] = before


class Tampered(scenario.SharedShopTest):
    """What a network or a thief of the feed may do to the bytes."""

    def setUp(self):
        super().setUp()
        scenario.installation.workplace.remove(self.shop.state / "carphacom" / "artifacts")  # what an earlier test verified

    def refused(self, *codes):
        """`codes` are the words of the error; with any of them nothing was changed."""
        answer = self.uprev("upgrade", "--to", "1.4.2")
        self.assertIn(answer.json["error"]["code"], codes, str(answer))
        self.assertIn(answer.code, (2, 3, 4, 6, 9, 13, 14), str(answer))
        return answer

    def with_document(self, path, content):
        self.shop.feed.documents[path] = content
        self.addCleanup(self.shop.feed.documents.pop, path)

    def with_fault(self, path, fault):
        self.shop.feed.faults[path] = fault
        self.addCleanup(self.shop.feed.faults.pop, path, None)

    def artifact(self, version="1.4.2"):
        return (self.shop.releases / f"carphacom-{version}.tar.xz").read_bytes()

    def test_one_byte_changed(self):
        content = bytearray(self.artifact())
        content[len(content) // 2] ^= 1
        self.with_document("/carphacom-1.4.2.tar.xz", bytes(content))
        self.refused("untrusted", "corrupt")

    def test_one_byte_changed_and_the_feed_agrees(self):
        content = bytearray(self.artifact())
        content[-1] ^= 1
        feed = json.loads(self.shop.feed.documents["/feed.json"])
        for release in feed["releases"]:
            if release["version"] == "1.4.2":
                release["artifact"]["sha256"] = hashlib.sha256(content).hexdigest()
        before = self.shop.feed.documents["/feed.json"]
        self.addCleanup(self.shop.feed.documents.__setitem__, "/feed.json", before)
        self.shop.feed.documents["/feed.json"] = json.dumps(feed).encode()
        self.with_document("/carphacom-1.4.2.tar.xz", bytes(content))
        self.refused("untrusted")

    def test_another_release_that_is_signed_well(self):
        for suffix in ("", ".minisig"):
            self.with_document(f"/carphacom-1.4.2.tar.xz{suffix}", (self.shop.releases / f"carphacom-1.5.0.tar.xz{suffix}").read_bytes())
        self.refused("untrusted", "corrupt")

    def test_no_signature(self):
        self.with_document("/carphacom-1.4.2.tar.xz.minisig", b"")
        self.refused("untrusted")

    def test_a_feed_that_is_html(self):
        self.with_fault("/feed.json", "html")
        answer = self.refused("invalid", "corrupt")
        self.assertIn("feed.json", answer.text)

    def test_an_artifact_that_is_html(self):
        self.with_fault("/carphacom-1.4.2.tar.xz", "html")
        self.refused("untrusted", "corrupt")

    def test_a_redirect_to_plain_http(self):
        self.with_fault("/carphacom-1.4.2.tar.xz", "redirect-plain")
        self.refused("refused", "untrusted", "invalid")

    def test_a_body_without_end(self):
        self.with_fault("/carphacom-1.4.2.tar.xz", "endless")
        self.refused("corrupt", "exhausted")

    def test_a_body_that_is_always_cut(self):
        self.with_fault("/carphacom-1.4.2.tar.xz", "truncated-length")
        self.refused("unavailable", "corrupt")

    def test_a_server_that_is_busy(self):
        self.with_fault("/feed.json", "error")
        self.refused("unavailable")

    def test_a_server_that_nobody_vouches_for(self):
        self.shop.write_site(lambda text: text.replace(f"  ca_file: {self.shop.feed.ca_file}\n", ""))
        self.addCleanup(self.shop.write_site)
        answer = self.refused("untrusted", "unavailable")
        self.assertRegex(answer.text.lower(), "certificate|tls|ssl")


if __name__ == "__main__":
    scenario.main()
