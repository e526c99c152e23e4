//! `tagalong lint`: each mistake has its place, its word and its weight, in every form that is promised.

mod globs;
mod hostile;

use crate::support::{Ran, run};
use std::fs;
use std::path::Path;

const REPOSITORY: &str = "apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: web}
spec: {image: ghcr.io/acme/web, interval: 5m}
";
const POLICY: &str = "apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: web}
spec:
  imageRepositoryRef: {name: web}
  policy: {semver: {range: 1.x}}
";
const SOURCE: &str = "apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet}
spec: {url: ./fleet.git, interval: 5m, ref: {branch: main}}
";
const AUTOMATION: &str = "apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageUpdateAutomation
metadata: {name: fleet}
spec:
  interval: 5m
  sourceRef: {kind: GitRepository, name: fleet}
  git:
    commit: {author: {email: bot@example.com}}
";
const SITE: &str = "image: ghcr.io/acme/web:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn lint(files: &[(&str, &str)], args: &[&str]) -> Ran {
    let folder = folder(files);
    let mut all = vec!["lint", "."];
    all.extend(args);
    run(folder.path(), &all)
}

/// The findings alone: `file:line:col: severity[code]: message`.
fn told(ran: &Ran) -> Vec<String> {
    let is_finding =
        |line: &&str| ["error[", "warning[", "note["].iter().any(|word| line.contains(&format!(": {word}")));
    ran.stdout.lines().filter(is_finding).map(ToOwned::to_owned).collect()
}

/// Each expected text is the beginning of the finding at its place, and there are no others.
#[track_caller]
fn check(files: &[(&str, &str)], code: i32, expected: &[&str]) {
    let ran = lint(files, &[]).expect(code);
    let got = told(&ran);
    assert_eq!(got.len(), expected.len(), "{got:#?}\n{expected:#?}");
    for (got, expected) in got.iter().zip(expected) {
        assert!(got.starts_with(expected), "{got}\n{expected}");
    }
}

fn but(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old} is not in {text}");
    text.replacen(old, new, 1)
}

fn objects(parts: &[&str]) -> String {
    parts.join("---\n")
}

/// Everything that one policy needs, with this policy.
fn with_policy(policy: &str) -> String {
    objects(&[REPOSITORY, policy])
}

/// Everything that one automation needs, with this automation.
fn with_automation(automation: &str) -> String {
    objects(&[REPOSITORY, POLICY, SOURCE, automation])
}

#[test]
fn an_estate_without_a_mistake_is_clean() {
    let all = objects(&[REPOSITORY, POLICY, SOURCE, AUTOMATION]);
    let ran = lint(&[("objects.yaml", &all), ("apps/web.yaml", SITE)], &[]).expect(0);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr, "nothing wrong; looked at 2 files, 4 objects, 1 marked field\n");
}

#[test]
fn a_finding_shows_its_line_and_underlines_its_place() {
    let policy = but(POLICY, "1.x", "\">2 <1\"");
    let ran = lint(&[("a.yaml", &with_policy(&policy))], &[]).expect(1);
    assert_eq!(
        ran.stdout,
        "./a.yaml:11:28: error[never-satisfiable]: ImagePolicy/default/web: no version can lie within this range; \
         no tag will ever be selected\n   |\n11 |   policy: {semver: {range: \">2 <1\"}}\n   |                            ^^^^^^^\n"
    );
    assert_eq!(ran.stderr, "1 error; looked at 1 file, 2 objects, 0 marked fields\n");
}

#[test]
fn policies_are_checked_as_the_engine_reads_them() {
    let filter = |pattern: &str, extract: &str| {
        format!("{POLICY}  filterTags:\n    pattern: '{pattern}'\n    extract: '{extract}'\n")
    };
    for (text, expected) in [
        (
            with_policy(&but(POLICY, "1.x", "'>>1'")),
            vec!["./a.yaml:11:28: error[InvalidPolicy]: ImagePolicy/default/web: "],
        ),
        (
            with_policy(&but(POLICY, "range:", "rang:")),
            vec![
                "./a.yaml:11:12: error[missing-field]: .spec.policy.semver.range is missing",
                "./a.yaml:11:21: error[unknown-field]: .spec.policy.semver.rang is no field; did you mean range?",
            ],
        ),
        (
            with_policy(&filter("^(main", "$1")),
            vec!["./a.yaml:13:14: error[InvalidPolicy]: ImagePolicy/default/web: failed to filter tags"],
        ),
        (
            with_policy(&filter("^main-(?P<ts>[0-9]+)", "$stamp")),
            vec![
                "./a.yaml:14:14: error[missing-group]: ImagePolicy/default/web: .spec.filterTags.pattern has no group 'stamp'",
            ],
        ),
        (
            with_policy(&but(
                &filter("^main-(?P<n>[0-9]+)$", "$n"),
                "{semver: {range: 1.x}}",
                "{alphabetical: {order: asc}}",
            )),
            vec!["./a.yaml:14:14: warning[alphabetical-numbers]: "],
        ),
        (
            with_policy(&format!("{POLICY}  digestReflectionPolicy: Always\n")),
            vec![
                "./a.yaml:9:1: error[IntervalNotConfigured]: ImagePolicy/default/web: spec.interval must be set",
            ],
        ),
        (
            with_policy(&but(POLICY, "{semver: {range: 1.x}}", "{semver: {range: 1.x}, numerical: {}}")),
            vec!["./a.yaml:11:3: warning[several-orders]: "],
        ),
        (
            with_policy(&but(POLICY, "{name: web}\n  policy", "{name: wep}\n  policy")),
            vec![
                "./a.yaml:10:30: error[missing-reference]: ImagePolicy/default/web: there is no ImageRepository/default/wep; did you mean web?",
            ],
        ),
    ] {
        check_one(&text, &expected);
    }
}

#[test]
fn objects_are_checked_against_each_other_and_by_kind() {
    for (text, expected) in [
        (objects(&[POLICY]), vec!["./a.yaml:5:30: error[missing-reference]: "]),
        (
            format!(
                "{}  exclusionList: ['(', a, '[']\n",
                but(
                    REPOSITORY,
                    "{image: ghcr.io/acme/web, interval: 5m}",
                    "\n  image: https://ghcr.io/acme/web\n  interval: 0s"
                )
            ),
            vec![
                "./a.yaml:5:10: error[ImageURLInvalid]: ImageRepository/default/web: ",
                "./a.yaml:6:13: error[IntervalNotConfigured]: ",
                "./a.yaml:7:19: error[ReadOperationFailed]: ",
                "./a.yaml:7:27: error[ReadOperationFailed]: ",
            ],
        ),
        (
            with_automation(&but(AUTOMATION, "name: fleet}\n  git", "name: flee}\n  git")),
            vec![
                "./a.yaml:23:42: error[missing-reference]: ImageUpdateAutomation/default/fleet: there is no GitRepository/default/flee; did you mean fleet?",
            ],
        ),
        (
            with_automation(&format!("{AUTOMATION}    checkout: {{ref: {{tag: v1}}}}\n")),
            vec!["./a.yaml:24:3: error[SourceManagerFailed]: "],
        ),
        (
            with_automation(&format!("{AUTOMATION}  update: {{path: ../x, lineFiles: ['[']}}\n")),
            vec!["./a.yaml:26:18: error[InvalidPath]: ", "./a.yaml:26:36: error[InvalidPath]: "],
        ),
        (
            "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\n\tmetadata: x\n".to_owned(),
            vec!["./a.yaml:2:7: error[yaml]: not valid YAML"],
        ),
        (but(REPOSITORY, "/v1", "/v1beta2"), vec!["./a.yaml:1:13: error[not-served]: "]),
    ] {
        check_one(&text, &expected);
    }
}

#[test]
fn a_revert_of_what_is_unhealthy_needs_somebody_who_waits_for_health() {
    let kustomization = |extra: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps}}\nspec:\n  \
             interval: 10m\n  prune: true\n  sourceRef: {{kind: GitRepository, name: fleet}}\n{extra}"
        )
    };
    let automation = format!("{AUTOMATION}  rollback: {{onUnhealthy: Revert}}\n");
    let files = |kustomization: &str| [REPOSITORY, POLICY, SOURCE, &automation, kustomization].join("---\n");
    check_one(
        &files(&kustomization("")),
        &["./a.yaml:26:27: warning[no-health]: ImageUpdateAutomation/default/fleet: Revert can never happen"],
    );
    check_one(&files(&kustomization("  wait: true\n")), &[]);
    let check = "  healthChecks: [{apiVersion: apps/v1, kind: Deployment, name: web}]\n";
    check_one(&files(&kustomization(check)), &[]);
    // Whoever judges may stand elsewhere.
    check_one(&files(&kustomization("").replace("name: fleet", "name: other")), &[]);
}

/// One file, and exactly these problems.
#[track_caller]
fn check_one(text: &str, expected: &[&str]) {
    let code = i32::from(expected.iter().any(|line| line.contains(": error[")));
    check(&[("a.yaml", text)], code, expected);
}

#[test]
fn the_line_of_a_template_is_shown() {
    let template = |lines: &str| {
        with_automation(&format!(
            "{}      messageTemplate: |-\n{lines}",
            but(
                AUTOMATION,
                "commit: {author: {email: bot@example.com}}",
                "commit:\n      author: {email: bot@example.com}"
            )
        ))
    };
    for (lines, expected) in [
        (
            "\n        one\n        {{ range .Changed.Changes }}\n",
            "./a.yaml:30:9: error[GitOperationFailed]: ",
        ),
        ("        one\n        {{ frob .Values }}\n", "./a.yaml:29:9: error[GitOperationFailed]: "),
        (
            "        {{ .AutomationObject }}\n        {{ .Updated.Images }}\n",
            "./a.yaml:29:9: error[RemovedTemplateField]: ",
        ),
        (
            "        {{ range .Changed.Changes }}{{ .Old }}{{ end }}\n",
            "./a.yaml:28:9: error[GitOperationFailed]: ImageUpdateAutomation/default/fleet: line 1 of the template: there is no field `Old` in Change",
        ),
    ] {
        check(&[("a.yaml", &template(lines))], 1, &[expected]);
    }
    let flux = "        {{ range $file, $objects := .Changed.FileChanges }}{{ range $object, $changes := $objects }}\n        \
                {{ $object.Kind }}/{{ $object.Name }}{{ range $changes }}{{ .OldValue }} {{ .NewValue }} {{ .Setter }}{{ end }}{{ end }}{{ end }}\n";
    check(&[("a.yaml", &template(flux))], 0, &[]);
}

#[test]
fn references_between_namespaces_need_leave() {
    let repository = but(REPOSITORY, "{name: web}", "{name: web, namespace: registry}");
    let policy = but(
        POLICY,
        "imageRepositoryRef: {name: web}",
        "imageRepositoryRef: {name: web, namespace: registry}",
    );
    let access = but(
        &repository,
        "interval: 5m",
        "interval: 5m, accessFrom: {namespaceSelectors: [{matchLabels: {team: a}}]}",
    );
    let namespace = |team: &str| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: default, labels: {{team: {team}}}}}\n")
    };
    let denied = "./a.yaml:10:46: error[AccessDenied]: ImagePolicy/default/web: ";
    check(&[("a.yaml", &objects(&[&repository, &policy]))], 1, &[denied]);
    check(&[("a.yaml", &objects(&[&access, &policy, &namespace("b")]))], 1, &[denied]);
    check(&[("a.yaml", &objects(&[&access, &policy, &namespace("a")]))], 0, &[]);
    check(&[("a.yaml", &objects(&[&access, &policy]))], 0, &["./a.yaml:10:46: warning[AccessDenied]: "]);
}

#[test]
fn secrets_are_missed_and_never_read_or_shown() {
    let repository = but(REPOSITORY, "interval: 5m", "interval: 5m, secretRef: {name: regcred}");
    let other = "apiVersion: v1\nkind: Secret\nmetadata: {name: regcrd}\nstringData: {token: $env:TAGALONG_NOT_SET, key: $file:/nowhere}\n";
    check(&[("a.yaml", &repository)], 0, &["./a.yaml:4:65: note[missing-secret]: "]);
    check(
        &[("a.yaml", &objects(&[&repository, other]))],
        0,
        &[
            "./a.yaml:4:65: warning[missing-secret]: ImageRepository/default/web: there is no Secret/default/regcred among these files; `run` from files needs it there; did you mean regcrd?",
        ],
    );
    let sealed =
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: regcred}\nspec: {}\n";
    let sops = "apiVersion: v1\nkind: Secret\nmetadata: {name: regcred}\nstringData: {token: 'ENC[AES256_GCM]'}\nsops: {mac: x}\n";
    let external = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\nspec: {target: {name: regcred}}\n";
    for there in [sealed, sops, external] {
        check(&[("a.yaml", &objects(&[&repository, there]))], 0, &[]);
    }
    let bad = "kind: Secret\napiVersion: v1\nmetadata: {name: s}\ndata: {token: hunter2}\n---\na: hunter3\n";
    for form in ["text", "json", "github", "sarif"] {
        let ran = lint(&[("a.yaml", bad)], &["-o", form]).expect(1);
        assert!(!ran.stdout.contains("hunter") && ran.stdout.contains("base64"), "{}", ran.stdout);
    }
    let url = but(SOURCE, "./fleet.git", "'https://me:hunter2@git.example/fleet'");
    let ran = lint(&[("a.yaml", &objects(&[REPOSITORY, POLICY, &url, AUTOMATION]))], &[]).expect(1);
    assert!(!ran.stdout.contains("hunter") && ran.stdout.contains("holds credentials"), "{}", ran.stdout);
}

#[test]
fn duplicates_weigh_less_under_different_kustomizations() {
    let all = with_policy(POLICY);
    let kustomization = "resources: [objects.yaml]\n";
    check(
        &[("objects.yaml", &all), ("other.yaml", POLICY)],
        1,
        &["./other.yaml:1:1: error[duplicate-object]: "],
    );
    let apart = [
        ("prod/kustomization.yaml", kustomization),
        ("prod/objects.yaml", &all),
        ("stage/kustomization.yaml", kustomization),
        ("stage/objects.yaml", &all),
    ];
    check(
        &apart,
        0,
        &[
            "./stage/objects.yaml:1:1: warning[duplicate-object]: ",
            "./stage/objects.yaml:6:1: warning[duplicate-object]: ",
        ],
    );
}

#[test]
fn parts_that_a_kustomization_puts_together_are_no_mistakes() {
    let part = but(REPOSITORY, ", interval: 5m", "");
    let policy = but(POLICY, "imageRepositoryRef", "suspend: false\n  imageRepositoryRef");
    let files = [
        ("apps/web.yaml", with_policy(&policy).replace(REPOSITORY, &part)),
        ("apps/site.yaml", but(SITE, "default:web", "flux-system:web")),
        (
            "automation/kustomization.yaml",
            "namespace: flux-system\nresources: [../apps/web.yaml]\npatches:\n- path: interval.yaml\n  target: {kind: ImageRepository}\n".to_owned(),
        ),
        ("automation/interval.yaml", "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {name: any}\nspec: {interval: 1m}\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    check(&files, 0, &["./automation/kustomization.yaml:1:1: note[patched]: "]);
}

#[test]
fn variables_that_flux_fills_in_are_no_mistakes() {
    let repository = but(REPOSITORY, "ghcr.io/acme/web", "\"ghcr.io/${ORG}/web\"");
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps}\nspec: {postBuild: {}}\n";
    check(&[("a.yaml", &repository)], 1, &["./a.yaml:4:15: error[ImageURLInvalid]: "]);
    check(&[("a.yaml", &objects(&[&repository, flux]))], 0, &["./a.yaml:4:15: note[ImageURLInvalid]: "]);
}

#[test]
fn markers_are_checked_with_their_policies() {
    let all = objects(&[REPOSITORY, POLICY, SOURCE, AUTOMATION]);
    for (site, code, expected) in [
        (
            but(SITE, "default:web", "default:wep"),
            1,
            "./x.yaml:1:51: error[UnknownPolicy]: there is no ImagePolicy/default/wep; did you mean web?",
        ),
        (
            but(SITE, "default:web", "apps:web"),
            1,
            "./x.yaml:1:51: error[UnknownPolicy]: there is no ImagePolicy/apps/web; there is ImagePolicy/default/web",
        ),
        (but(SITE, "default:web", "web"), 1, "./x.yaml:1:31: error[InvalidMarker]: "),
        (but(SITE, "# {", "# the web {"), 1, "./x.yaml:1:31: error[InvalidMarker]: "),
        (
            but(SITE, "{\"$imagepolicy\": \"default:web\"}", "{$imagepolicy: default:web}"),
            1,
            "./x.yaml:1:31: error[InvalidMarker]: ",
        ),
        (
            "image: # {\"$imagepolicy\": \"default:web\"}\n  name: x\n".to_owned(),
            1,
            "./x.yaml:1:8: error[MarkerOnMapping]: ",
        ),
        (
            "a: [b, c] # {\"$imagepolicy\": \"default:web\"}\n".to_owned(),
            1,
            "./x.yaml:1:11: error[AmbiguousMarker]: ",
        ),
        (format!("# {SITE}"), 0, "./x.yaml:1:1: warning[MarkerCommentedOut]: "),
        (format!("a: {{{{ .b }}}}\n{{{{- if .c }}}}\n{SITE}"), 1, "./x.yaml:2:"),
        (format!("a: [\n{SITE}"), 1, "./x.yaml:"),
        (
            "digest: sha256:0 # {\"$imagepolicy\": \"default:web:digest\"}\n".to_owned(),
            1,
            "./x.yaml:1:9: error[NoDigest]: ",
        ),
        (
            but(SITE, "\"}", "\", \"hold\": \"INC-1\"}"),
            0,
            "./x.yaml:1:8: note[Held]: the marker holds this field: INC-1",
        ),
        (
            but(SITE, "acme/web", "acme/api"),
            0,
            "./x.yaml:1:8: warning[other-image]: ghcr.io/acme/api is replaced by ghcr.io/acme/web",
        ),
        (
            but(SITE, "ghcr.io/acme/web:1.0.0", "1.0.0"),
            0,
            "./x.yaml:1:8: warning[suspicious-value]: this looks like a tag",
        ),
        (
            but(SITE, "default:web", "default:web:tag"),
            0,
            "./x.yaml:1:8: warning[suspicious-value]: this is no tag",
        ),
    ] {
        let files = [("a.yaml", all.as_str()), ("x.yaml", &site), ("y.yaml", SITE)];
        check(&files, code, &[expected]);
    }
}

#[test]
fn a_marker_needs_an_automation_where_automations_are() {
    let all = |automation: &str| objects(&[REPOSITORY, POLICY, SOURCE, automation]);
    let elsewhere = but(AUTOMATION, "{name: fleet}", "{name: fleet, namespace: apps}");
    let source = but(SOURCE, "{name: fleet}", "{name: fleet, namespace: apps}");
    let unserved = "./x.yaml:1:51: error[unserved]: no automation serves ImagePolicy/default/web";
    check(&[("a.yaml", &objects(&[&all(&elsewhere), &source])), ("x.yaml", SITE)], 1, &[unserved]);
    let selective = format!("{AUTOMATION}  policySelector: {{matchLabels: {{team: a}}}}\n");
    check(&[("a.yaml", &all(&selective)), ("x.yaml", SITE)], 1, &[unserved]);
    let inside = format!("{AUTOMATION}  update: {{path: ./apps}}\n");
    check(&[("a.yaml", &all(&inside)), ("apps/x.yaml", SITE)], 0, &[]);
    let deeper = [("fleet/a.yaml", all(&inside)), ("repository/apps/x.yaml", SITE.to_owned())];
    check(&deeper.each_ref().map(|(name, text)| (*name, text.as_str())), 0, &[]);
    let variable = format!("{AUTOMATION}  update: {{path: '${{CLUSTER}}/apps'}}\n");
    check(&[("a.yaml", &all(&variable)), ("x.yaml", SITE)], 0, &[]);
    let outside = "./x.yaml:1:51: warning[outside-path]: ";
    check(&[("a.yaml", &all(&inside)), ("apps/x.yaml", SITE), ("x.yaml", SITE)], 0, &[outside]);
}

#[test]
fn marked_files_alone_are_a_warning() {
    check(
        &[("x.yaml", SITE)],
        0,
        &[
            "./x.yaml:1:51: warning[UnknownPolicy]: there is no ImagePolicy/default/web; no ImagePolicy is among these files",
        ],
    );
}

#[test]
fn a_policy_that_no_marker_names_is_noted_once_there_are_markers() {
    let other = but(POLICY, "{name: web}", "{name: other}");
    let all = objects(&[REPOSITORY, POLICY, &other]);
    check(&[("a.yaml", &all)], 0, &[]);
    check(
        &[("a.yaml", &all), ("x.yaml", SITE)],
        0,
        &["./a.yaml:15:18: note[unused-policy]: no marker names ImagePolicy/default/other"],
    );
}

#[test]
fn a_policy_with_a_mistake_is_told_once_and_not_again_at_its_markers() {
    let policy = but(POLICY, "range: 1.x", "range: 1.x, also: x");
    check(
        &[("a.yaml", &with_policy(&policy)), ("x.yaml", SITE)],
        1,
        &["./a.yaml:11:33: error[unknown-field]: "],
    );
}

#[test]
fn files_that_are_not_yaml_are_read_where_an_automation_names_them() {
    let docker = "# {\"$imagepolicy\": \"default:web\"}\nFROM ghcr.io/acme/web:1.0.0\n";
    let wrong = "# {\"$imagepolicy\": \"default:wep\"}\nFROM ghcr.io/acme/web:1.0.0\n";
    let all = objects(&[REPOSITORY, POLICY, SOURCE, AUTOMATION]);
    let stray = "./apps/Dockerfile:2:6: warning[not-read]: ";
    check(&[("a.yaml", &all), ("apps/Dockerfile", docker), ("x.yaml", SITE)], 0, &[stray]);
    check(&[("a.yaml", &all), ("README.md", docker), ("x.yaml", SITE)], 0, &[]);
    let trailing = "FROM ghcr.io/acme/web:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n";
    let note = "./Dockerfile:1:29: note[not-read]: ";
    check(&[("Dockerfile", trailing), ("a.yaml", &all), ("code.rs", trailing), ("x.yaml", SITE)], 0, &[note]);
    let lines = format!("{all}  update: {{path: apps, lineFiles: ['**/Dockerfile']}}\n");
    check(&[("a.yaml", &lines), ("apps/web/Dockerfile", docker)], 0, &[]);
    check(
        &[("a.yaml", &lines), ("apps/Dockerfile", wrong)],
        1,
        &["./a.yaml:8:18: note[unused-policy]: ", "./apps/Dockerfile:1:21: error[UnknownPolicy]: "],
    );
    check(
        &[("a.yaml", &lines), ("apps/Dockerfile", trailing)],
        1,
        &["./apps/Dockerfile:1:29: error[InvalidLine]: "],
    );
}

#[test]
fn every_form_tells_the_same() {
    let files = [
        ("a.yaml", REPOSITORY),
        ("b c/x,y.yaml", "image: x # {\"$imagepolicy\": \"default:web:nope\"}\n"),
        ("z.yaml", SITE),
    ];
    let json = lint(&files, &["-o", "json"]).expect(1).json();
    let problems = json["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{json}");
    let first = &problems[0];
    assert_eq!(first["file"], "./b c/x,y.yaml");
    assert_eq!((first["line"].as_u64(), first["column"].as_u64()), (Some(1), Some(10)));
    assert_eq!((first["severity"].as_str(), first["code"].as_str()), (Some("error"), Some("InvalidMarker")));
    assert_eq!(problems[1]["severity"], "warning");
    let message = first["message"].as_str().unwrap();
    let github = lint(&files, &["-o", "github"]).expect(1).stdout;
    let line = github.lines().next().unwrap();
    assert!(line.starts_with("::error file=b c/x%2Cy.yaml,line=1,col=10,endColumn="), "{line}");
    assert!(line.ends_with(&format!(",title=InvalidMarker::{message}")), "{line}");
    let sarif = lint(&files, &["-o", "sarif"]).expect(1).json();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    assert_eq!(
        (result["level"].as_str(), result["message"]["text"].as_str()),
        (Some("error"), Some(message))
    );
    let rule =
        &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(rule["id"], result["ruleId"]);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "b%20c/x%2Cy.yaml");
    assert_eq!(place["region"]["startColumn"], 10);
    let yaml = lint(&files, &["-o", "yaml"]).expect(1).stdout;
    assert!(yaml.starts_with("problems:\n"), "{yaml}");
}

#[test]
fn a_path_that_does_not_exist_is_bad_usage() {
    let folder = folder(&[("a.yaml", "a: [\n")]);
    for paths in [&["gone"][..], &["a.yaml", "gone\u{1b}[31m"]] {
        let ran = run(folder.path(), &[&["lint"], paths].concat()).expect(2);
        assert!(ran.stderr.contains("gone") && ran.stderr.contains("does not exist"), "{}", ran.stderr);
        assert!(ran.stdout.is_empty() && !ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    }
    run(folder.path(), &["lint"]).expect(2);
    run(folder.path(), &["lint", "a.yaml"]).expect(0);
}

#[test]
fn single_files_and_several_paths_are_checked_once() {
    let all = with_policy(POLICY);
    let folder = folder(&[("a/objects.yaml", &all), ("a/x.yaml", &but(SITE, "default:web", "default:no"))]);
    for paths in [&["a/objects.yaml", "a/x.yaml"][..], &["a", "a/x.yaml", "./a"]] {
        let ran = run(folder.path(), &[&["lint"], paths].concat()).expect(1);
        let got = told(&ran);
        assert_eq!(got.len(), 2, "{got:#?}");
        assert!(got[1].starts_with("a/x.yaml:1:51: error[UnknownPolicy]"), "{got:#?}");
        assert!(ran.stderr.contains("looked at 2 files, 2 objects, 1 marked field"), "{}", ran.stderr);
    }
}

#[test]
fn the_examples_and_the_catalogue_are_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let examples = fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().path());
    for example in examples.filter(|path| path.is_dir()) {
        let ran = run(&example, &["lint", "."]).expect(0);
        assert_eq!(ran.stdout, "", "{}", example.display());
    }
    // A policy of the catalogue names a repository that its user adds.
    let ran = run(&root, &["lint", "policies"]).expect(1);
    let others: Vec<String> =
        told(&ran).into_iter().filter(|line| !line.contains("error[missing-reference]")).collect();
    assert!(others.iter().all(|line| !line.contains(": error[")), "{others:#?}");
}
