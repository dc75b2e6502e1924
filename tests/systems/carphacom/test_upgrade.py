# SPDX-License-Identifier: Apache-2.0
"""Upgrades that succeed, and what nobody may notice meanwhile."""
import json
import shutil
import subprocess

import scenario


class Patch(scenario.ShopTest):
    def test_a_patch_goes_live_without_a_failed_request(self):
        answer, customer = self.run_under_load("upgrade", "--to", "1.4.2")
        self.assert_exit(answer, 0)
        report = self.assert_report(answer, "succeeded", **{"from": "1.4.0", "to": "1.4.2"})
        self.assertEqual(customer.failures, [])
        self.assertEqual((report["downtime"]["total_ms"], report["downtime"]["failed"]), (0, 0))
        self.assertGreater(report["downtime"]["requests"], 20)
        self.assert_well("1.4.2", customer.acknowledged)
        self.assertTrue((self.shop.active / "uploads" / "car.txt").exists(), "the operator's files are linked in")

    def test_the_vendors_own_command_works(self):
        links = self.shop.folder / "bin"
        links.mkdir()
        # Called by another name uprev knows no flags yet: only the environment says where its state is.
        environment = {**self.uprev.environment, "UPREV_STATE": str(self.shop.state)}
        self.assert_exit(self.uprev("alias", "install", "--dir", links, environment=environment), 0)
        for words, version in ((["carphacom-upgrade", "--to", "1.4.2"], "1.4.2"), (["carphacom-rollback"], "1.4.0")):
            result = subprocess.run([links / words[0], *words[1:]], env=environment, capture_output=True, text=True, timeout=240, check=False)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assert_well(version)


class CompatibleMigration(scenario.ShopTest):
    def test_a_declared_migration_runs_live_without_a_failed_request(self):
        answer, customer = self.run_under_load("upgrade", "--to", "1.5.0")
        self.assert_exit(answer, 0)
        report = self.assert_report(answer, "succeeded")
        self.assertEqual(customer.failures, [])
        self.assertEqual(report["downtime"]["failed"], 0)
        self.assert_well("1.5.0", customer.acknowledged)


class Plugins(scenario.ShopTest):
    def test_the_report_lists_plugins_whose_update_fits(self):
        offers = [{"name": "reviews", "version": version, "carphacom_min_version": minimum}
                  for version, minimum in (("1.0.0", "1.0.0"), ("1.1.0", "1.4.0"), ("2.0.0", "1.9.0"))]
        self.shop.feed.documents["/plugins.json"] = json.dumps({"plugins": offers}).encode()
        self.shop.write_site(lambda text: text.replace("  folder: plugins\n", "  folder: plugins\n  feed: plugins.json\n"))
        listed = self.uprev("plugins", "check", "--for", "1.9.0").json["plugins"][0]
        self.assertEqual((listed["name"], listed["update"]), ("reviews", "2.0.0"))
        answer = self.uprev("upgrade", "--to", "1.4.2")
        self.assert_exit(answer, 0)
        self.assertEqual(answer.json["plugin_updates"], [{"name": "reviews", "installed": "1.0.0", "update": "1.1.0", "fits": "1.4.2"}])
        self.shop.feed.documents["/plugins.json"] = b"<html>away</html>"
        self.assert_exit(self.uprev("upgrade", "--to", "1.5.0"), 0)  # a marketplace that is away spoils nothing
        self.assert_well("1.5.0")


class IncompatibleMigration(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.6.0")}

    def test_an_undeclared_migration_freezes_writes_and_loses_none(self):
        answer, customer = self.run_under_load("upgrade", "--to", "1.6.0")
        self.assert_exit(answer, 0)
        report = self.assert_report(answer, "succeeded")
        self.assertGreater(report["downtime"]["total_ms"], 0)
        self.assertGreater(report["downtime"]["failed"], 0)
        self.assertAlmostEqual(report["downtime"]["total_ms"], customer.outage_ms(), delta=1500)
        self.assert_well("1.6.0", customer.acknowledged)
        self.assertFalse([failure for failure in customer.failures if "column" in failure[4]], "the old code met the new schema")


class Feeds(scenario.ShopTest):
    def test_the_simple_feed_is_enough_with_templates_in_the_site_file(self):
        self.shop.offer(simple=("1.4.0", "1.4.2"))
        address = self.shop.feed.url
        templates = (f"  url: {address}/feed.json\n  artifact: {address}/carphacom-${{version}}.tar.xz\n"
                     "  signature: ${artifact}.minisig\n")
        self.shop.write_site(lambda text: text.replace(f"  url: {address}/feed.json\n", templates).replace("[sha256, minisign]", "[minisign]"))
        answer = self.uprev("upgrade")
        self.assert_exit(answer, 0)
        self.assert_well("1.4.2")

    def test_check_prints_the_pages_object(self):
        answer = self.uprev("check")
        self.assert_exit(answer, 0)
        wanted = {"latest": "1.5.0", "current": "1.4.0", "changelog": "https://carphacom.example/changelog/1.5.0", "breaking": False}
        self.assertEqual({key: answer.json[key] for key in wanted}, wanted)

    def test_a_plan_needs_no_download_where_the_release_file_is_published_and_signed(self):
        def asked_for_artifact():
            return any(path == "/carphacom-1.5.0.tar.xz" for path, _ in self.shop.feed.requests)

        quick = self.uprev("plan", "--to", "1.5.0")
        self.assert_exit(quick, 0)
        self.assertFalse(asked_for_artifact())
        whole = self.uprev("plan", "--to", "1.5.0", "--fetch")
        self.assertTrue(asked_for_artifact())
        self.assertEqual(quick.json["hash"], whole.json["hash"], "what was planned is what will run")
        forged = (self.shop.releases / "carphacom-1.4.2.release.yaml").read_bytes().replace(b"DATABASE_URL", b"DATABASE_URI")
        self.shop.feed.documents["/carphacom-1.4.2.release.yaml"] = forged
        self.assert_exit(self.uprev("plan", "--to", "1.4.2"), 4)
        self.shop.feed.documents["/carphacom-1.4.2.release.yaml"] = (self.shop.releases / "carphacom-1.5.0.release.yaml").read_bytes()
        self.shop.feed.documents["/carphacom-1.4.2.release.yaml.minisig"] = (self.shop.releases / "carphacom-1.5.0.release.yaml.minisig").read_bytes()
        self.assert_exit(self.uprev("plan", "--to", "1.4.2"), 4)  # signed well, but another version's

    def test_a_download_that_was_cut_is_resumed(self):
        self.shop.feed.faults["/carphacom-1.4.2.tar.xz"] = "cut"
        answer = self.uprev("upgrade", "--to", "1.4.2")
        self.assert_exit(answer, 0)
        asked = [headers for path, headers in self.shop.feed.requests if path == "/carphacom-1.4.2.tar.xz"]
        self.assertGreaterEqual(len(asked), 2)
        self.assertTrue(any("Range" in headers for headers in asked[1:]), asked)
        self.assert_well("1.4.2")

    def test_a_folder_serves_machines_without_network(self):
        offline = self.shop.folder / "offline"
        shutil.copytree(self.shop.releases, offline, ignore=shutil.ignore_patterns("vendor.key"))
        (offline / "feed.json").write_bytes(self.shop.feed.documents["/feed.json"])
        self.shop.write_site(lambda text: text.replace(self.shop.feed.url + "/feed.json", str(offline)))
        self.assert_exit(self.uprev("upgrade", "--to", "1.4.2"), 0)
        self.assert_well("1.4.2")
        self.assertEqual(self.shop.feed.requests, [])


class RequiredStops(scenario.ShopTest):
    shop_options = {"releases": ("1.4.0", "1.4.2", "1.8.0", "1.9.0")}

    def test_the_path_through_a_required_stop_is_planned_and_taken(self):
        answer = self.uprev("upgrade", "--to", "1.9.0", timeout=400)
        self.assert_exit(answer, 0)
        self.assert_well("1.9.0")
        versions = [folder.name.split("_v")[1] for folder in sorted((self.shop.root / "releases").iterdir())]
        self.assertEqual(versions, ["1.4.0", "1.8.0", "1.9.0"])


if __name__ == "__main__":
    scenario.main()
