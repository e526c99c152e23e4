//! Files that move, markers that come and go, histories that are long or cut.

use super::{Person, WEB, flows, forget, holds_in, pinned, release, shop};
use crate::support::Estate;

#[test]
fn a_file_that_is_renamed_or_moved_keeps_its_pin() {
    for to in ["apps/shop.yaml", "other/web.yaml"] {
        let estate = shop();
        let person = Person::with(&estate);
        person.revert("HEAD");
        person.write(to, &person.read("apps/web.yaml"));
        person.git(&["rm", "--quiet", "apps/web.yaml"]);
        person.commit("Move it");
        person.push();
        pinned(&estate, "1.1.0");
        // Moved and set back in one commit is the same.
        let estate = shop();
        let person = Person::with(&estate);
        person.write(to, &person.read("apps/web.yaml").replace(":1.1.0 ", ":1.0.0 "));
        person.git(&["rm", "--quiet", "apps/web.yaml"]);
        person.commit("Move it, with the older tag");
        person.push();
        pinned(&estate, "1.1.0");
        release(&estate, "1.2.0");
        estate.once().expect(0);
        holds_in(&estate, to, "1.2.0");
    }
}

#[test]
fn a_key_that_moves_and_lines_or_documents_added_above_keep_the_pin() {
    let changes: [(&str, &str); 4] = [
        ("image: ", "spec:\n  image: "),
        ("image: ", "# a comment\nreplicas: 1\nimage: "),
        ("image: ", "kind: ConfigMap\n---\nimage: "),
        ("image: ", "other: x # {\"$imagepolicy\": \"default:unknown\"}\nimage: "),
    ];
    for (from, to) in changes {
        let estate = shop();
        let person = Person::with(&estate);
        person.revert("HEAD");
        person.replace("apps/web.yaml", from, to);
        person.commit("Move the key");
        person.push();
        pinned(&estate, "1.1.0");
    }
}

#[test]
fn a_marked_document_added_above_is_another_site() {
    let estate = shop();
    let person = Person::with(&estate);
    let old = person.read("apps/web.yaml").replace(":1.1.0 ", ":1.0.0 ");
    person.write("apps/web.yaml", &format!("{old}---\n{}", person.read("apps/web.yaml")));
    person.commit("A second one");
    person.push();
    flows(&estate, "1.1.0");
    let text = estate.repo.read("main", "apps/web.yaml").unwrap();
    assert_eq!(text.matches(":1.1.0 ").count(), 2, "{text}");
}

#[test]
fn what_happened_before_a_field_was_marked_refuses_nothing() {
    let marker = " # {\"$imagepolicy\": \"default:web\"}";
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", "image: IMAGE:1.1.0 \n")]);
    estate.commit(&[("apps/web.yaml", "image: IMAGE:1.0.0 \n")]);
    estate.commit(&[("apps/web.yaml", &format!("image: IMAGE:1.0.0{marker}\n"))]);
    estate.once().expect(0);
    super::holds(&estate, "1.1.0");
    // Moved to another policy it begins anew as well.
    let person = Person::with(&estate);
    person.revert("HEAD");
    pinned(&estate, "1.1.0");
    let policy = estate
        .image_and_policy("web", "1.x")
        .split("---\n")
        .nth(1)
        .unwrap()
        .replace("{name: web}\nspec", "{name: shop}\nspec");
    estate.object("shop.yaml", &policy);
    person.replace("apps/web.yaml", "default:web", "default:shop");
    person.commit("Another policy");
    person.push();
    flows(&estate, "1.1.0");
}

#[test]
fn one_of_several_fields_is_held_and_the_others_go_on() {
    let two = format!("{WEB}second:\n  {WEB}");
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("apps/web.yaml", &two)]);
    estate.once().expect(0);
    let person = Person::with(&estate);
    let image = estate.registry.image("acme/web");
    person.replace("apps/web.yaml", &format!("  image: {image}:1.1.0"), &format!("  image: {image}:1.0.0"));
    person.commit("The second back");
    person.push();
    let ran = pinned(&estate, "1.1.0");
    assert!(
        ran.stderr.contains("apps/web.yaml:3") && !ran.stderr.contains("apps/web.yaml:1 "),
        "{}",
        ran.stderr
    );
    release(&estate, "1.2.0");
    estate.once().expect(0);
    assert_eq!(estate.repo.read("main", "apps/web.yaml").unwrap().matches(":1.2.0 ").count(), 2);
}

#[test]
fn a_shallow_mirror_is_deepened_until_the_answer_is_there() {
    for commits in [3, 60, 520] {
        let estate = shop();
        let person = Person::with(&estate);
        person.revert("HEAD");
        let mut script = String::new();
        let tip = estate.repo.rev("main").unwrap();
        for n in 0..commits {
            let from = if n == 0 { format!("from {tip}\n") } else { String::new() };
            script.push_str(&format!(
                "commit refs/heads/main\ncommitter Bob <bob@example.com> {} +0000\ndata 5\nnoise\n{from}M 100644 inline \
                 README\ndata 8\n{n:08}\n\n",
                1_950_000_000 + n
            ));
        }
        let mut import = tagalong_testkit::git_repo::git();
        import.arg("--git-dir").arg(estate.repo.path()).args(["fast-import", "--quiet", "--force"]);
        let done = tagalong_testkit::git_repo::run(&mut import, script.as_bytes()).unwrap();
        assert!(done.status.success());
        pinned(&estate, "1.1.0");
    }
}

#[test]
fn a_mirror_that_may_not_grow_holds_and_names_the_flag() {
    let estate = shop();
    let person = Person::with(&estate);
    person.revert("HEAD");
    let tip = estate.repo.rev("main");
    forget(&estate);
    let ran = estate.run("run", &["--once", "--max-mirror-size", "1"]).expect(0);
    assert!(
        ran.stderr.contains("HistoryTooShort") && ran.stderr.contains("--max-mirror-size"),
        "{}",
        ran.stderr
    );
    assert_eq!(estate.repo.rev("main"), tip);
}
