//! Builds a part from its `go.mod`, once a version, into the test bed folder; [`super::find`] calls it last.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

/// What the linker is told: no debug information.
pub(super) const PLAIN: &str = "-s -w";
/// Kubernetes names its version only when the linker is told it; the same as in `parts/kubernetes/go.mod`.
pub(super) const KUBERNETES: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
     -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";

/// Flux names the version of its module, which the linker is told as well; the same as in `parts/flux/go.mod`.
pub(super) const FLUX: &str = "-s -w -X main.VERSION=2.9.5";

/// So does Gitea; the same as in `parts/gitea/go.mod`.
pub(super) const GITEA: &str = "-s -w -X main.Version=1.26.1";

/// How a part is built with Go.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    /// The folder under `parts/` whose `go.mod` pins it.
    pub(super) module: &'static str,
    /// What `go build` is given.
    pub(super) package: &'static str,
    /// What the linker is given.
    pub(super) flags: &'static str,
    /// Build tags.
    pub(super) tags: Option<&'static str>,
    /// A file in the package's folder that it embeds and its module does not carry.
    pub(super) lacks: Option<&'static str>,
    /// Folders of the package that the program reads when it runs; they are copied beside it.
    pub(super) carries: &'static [&'static str],
}

/// The program that `recipe` makes, built if the test bed folder does not hold it yet.
///
/// The file name carries a hash of `go.mod` and `go.sum`: another version is another file, and two checkouts share
/// one folder. The build goes to a name of its own and is renamed, so that a killed build leaves nothing that runs.
///
/// Parts of one module are built one after the other: they share most packages, and Go remembers those.
pub(super) fn built(name: &str, recipe: Recipe) -> Result<PathBuf, String> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("parts").join(recipe.module);
    let bed = testbed().ok_or("neither TAGALONG_TESTBED nor HOME is set")?;
    let program = bed.join(format!("{name}-{}", version(&module)?));
    if program.is_file() {
        return Ok(program);
    }
    let go = go().ok_or("no `go` command to build it with")?;
    fs::create_dir_all(&bed).map_err(|e| format!("cannot make {}: {e}", bed.display()))?;
    let lock =
        File::create(bed.join(format!("{}.lock", recipe.module))).map_err(|e| format!("cannot lock: {e}"))?;
    // Held until the end of this function; the kernel lets go of it when a builder dies.
    lock.lock().map_err(|e| format!("cannot lock: {e}"))?;
    if program.is_file() {
        return Ok(program);
    }
    let unfinished = program.with_extension("unfinished");
    match recipe.lacks {
        None => {
            let tags = recipe.tags.unwrap_or_default();
            let build = ["build", "-trimpath", "-tags", tags, "-ldflags", recipe.flags, "-o"];
            run(&go, &module, &[&build[..], &[text(&unfinished)?, recipe.package]].concat())?;
        }
        Some(file) => {
            let folder = tempfile::tempdir_in(&bed).map_err(|e| format!("cannot make a folder: {e}"))?;
            vendored(&go, &module, folder.path(), recipe, file, &unfinished)?;
        }
    }
    if !recipe.carries.is_empty() {
        carry(&go, &module, recipe, &beside(&program))?;
    }
    fs::rename(&unfinished, &program).map_err(|e| format!("cannot keep the build: {e}"))?;
    Ok(program)
}

/// Where a program's files are.
pub(super) fn beside(program: &Path) -> PathBuf {
    program.with_extension("files")
}

/// Copies what the program reads when it runs: Go may forget its modules before the test bed does.
fn carry(go: &Path, module: &Path, recipe: Recipe, to: &Path) -> Result<(), String> {
    let from = run(go, module, &["list", "-m", "-f", "{{.Dir}}", recipe.package])?;
    recipe.carries.iter().try_for_each(|folder| {
        copy(&Path::new(from.trim()).join(folder), &to.join(folder))
            .map_err(|e| format!("cannot copy {folder}: {e}"))
    })
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::write(&to, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// Builds from copies of all modules, to which the missing file can be added; what is in it is not used.
fn vendored(
    go: &Path,
    module: &Path,
    folder: &Path,
    recipe: Recipe,
    file: &str,
    program: &Path,
) -> Result<(), String> {
    for name in ["go.mod", "go.sum"] {
        fs::copy(module.join(name), folder.join(name)).map_err(|e| format!("cannot copy {name}: {e}"))?;
    }
    // The missing file is an error that is mended below.
    run(go, folder, &["mod", "vendor", "-e"])?;
    let missing = folder.join("vendor").join(recipe.package).join(file);
    let made = missing.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&missing, "\n"));
    made.map_err(|e| format!("cannot make {}: {e}", missing.display()))?;
    let flags = ["build", "-mod=vendor", "-trimpath", "-ldflags", recipe.flags];
    run(go, folder, &[&flags[..], &["-o", text(program)?, recipe.package]].concat())?;
    Ok(())
}

/// Runs Go; what it printed.
fn run(go: &Path, folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(go)
        .current_dir(folder)
        .args(arguments)
        .output()
        .map_err(|e| format!("cannot run go: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let story = String::from_utf8_lossy(&output.stderr);
    let last = story.lines().last().unwrap_or_default();
    Err(format!("go {} failed: {last}", arguments.first().unwrap_or(&"")))
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("{} is no text", path.display()))
}

fn testbed() -> Option<PathBuf> {
    if let Some(named) = env::var_os("TAGALONG_TESTBED") {
        return Some(PathBuf::from(named));
    }
    Some(PathBuf::from(env::var_os("HOME")?).join(".cache/tagalong-testbed"))
}

fn go() -> Option<PathBuf> {
    // Go's own installer puts it where PATH often does not look.
    super::on_path("go").or_else(|| Some(PathBuf::from("/usr/local/go/bin/go")).filter(|path| path.is_file()))
}

fn version(module: &Path) -> Result<String, String> {
    let mut hash = Sha256::new();
    for file in ["go.mod", "go.sum"] {
        let path = module.join(file);
        hash.update(fs::read(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?);
    }
    Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
}
