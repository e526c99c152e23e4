//! Renders a case with the product and with the oracle, several at a time, and compares.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tagalong_kustomize::{KustomizeError, Tree, build, to_yaml};
use tagalong_testkit::parts::{self, Part};

/// What both are expected to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// The same bytes, or a refusal by both.
    Same,
    /// The same bytes; a refusal is a mistake in the case.
    Rendered,
    /// We refuse by name what kustomize renders.
    Refused,
}

/// A folder to render.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The folder that is rendered; the root is the empty path.
    pub(crate) folder: String,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) expect: Expect,
}

/// Processes at a time: each spends half of its life waiting.
const WORKERS: usize = 4;
/// Differences shown in full.
const SHOWN: usize = 8;

pub(crate) fn check(cases: &[Case]) {
    let oracle = parts::find(Part::Kustomize).unwrap();
    let next = AtomicUsize::new(0);
    let differences = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(difference) = compare(&oracle, case) {
                        differences.lock().unwrap().push(format!("=== {}\n{difference}", case.name));
                    }
                }
            });
        }
    });
    let mut differences = differences.into_inner().unwrap();
    differences.sort();
    let mut report = format!("{} of {} cases differ\n", differences.len(), cases.len());
    for difference in differences.iter().take(SHOWN) {
        writeln!(report, "{difference}").unwrap();
    }
    for difference in differences.iter().skip(SHOWN) {
        writeln!(report, "{}", difference.lines().next().unwrap_or_default()).unwrap();
    }
    assert!(differences.is_empty(), "{report}");
}

fn ours(case: &Case) -> Result<String, KustomizeError> {
    let mut tree = Tree::new();
    for (path, bytes) in &case.files {
        tree.insert(path, bytes.clone());
    }
    build(&tree, &case.folder).map(|objects| to_yaml(&objects))
}

fn theirs(oracle: &Path, case: &Case) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in &case.files {
        let path: PathBuf = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let output =
        Command::new(oracle).arg("build").arg(folder.path().join(&case.folder)).env_clear().output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn compare(oracle: &Path, case: &Case) -> Option<String> {
    let (ours, theirs) = (ours(case), theirs(oracle, case));
    match (&ours, &theirs, case.expect) {
        (Ok(ours), Ok(theirs), Expect::Same | Expect::Rendered) if ours == theirs => None,
        (Ok(ours), Ok(theirs), Expect::Same | Expect::Rendered) => Some(difference(theirs, ours)),
        (Err(KustomizeError::Invalid { .. }), Err(_), Expect::Same) => None,
        (Err(KustomizeError::Unsupported { .. }), Ok(_), Expect::Refused) => None,
        (Err(ours), Ok(_), _) => Some(format!("only we refuse: {ours}\n")),
        (Ok(_), Err(theirs), _) => Some(format!("only kustomize refuses: {theirs}")),
        _ => Some(format!("expected {:?}: {ours:?} and {theirs:?}\n", case.expect)),
    }
}

fn difference(theirs: &str, ours: &str) -> String {
    let (theirs, ours): (Vec<&str>, Vec<&str>) = (theirs.lines().collect(), ours.lines().collect());
    let same = theirs.iter().zip(&ours).take_while(|(a, b)| a == b).count();
    let part = |lines: &[&str], mark: char| -> String {
        lines.iter().skip(same.saturating_sub(6)).take(16).map(|line| format!("{mark} {line}\n")).collect()
    };
    format!(
        "kustomize (-) and ours (+) differ from line {}\n{}{}",
        same + 1,
        part(&theirs, '-'),
        part(&ours, '+')
    )
}
