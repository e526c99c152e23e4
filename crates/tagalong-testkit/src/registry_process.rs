//! The two real registries as processes: distribution 3, which pages, and docker-registry 2.8, which does not.
//!
//! Tests of the registry client, of the engine and of the binary start one, fill it and scan it. Works the same
//! from sync and async tests: nothing here is async, and the token server has a thread of its own.
//!
//! ```text
//! need!(Part::Distribution);
//! let registry = Registry::start(&Options::default())?;
//! registry.push_all("acme/app", ["1.0.0", "1.1.0"], &Image::single("app"))?;
//! scan(registry.image("acme/app"))        // 127.0.0.1:41763/acme/app
//! ```

mod storage;
mod token;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

pub use storage::Image;
use token::TokenServer;

use crate::parts::{self, Part};

/// The one account of a registry with [`Access::Basic`] or [`Access::Token`].
pub const USER: &str = "robot";
/// The password of [`USER`].
pub const PASSWORD: &str = "open-sesame";
/// What `htpasswd -nbB` makes of the two; the cheapest cost, because the registry checks it on each request.
const HTPASSWD: &str = "robot:$2y$04$tagalongtestbed123456uVoNVAQ4sich0rqhLx0ppAPO6J/cu2tC\n";

/// Who may ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// [`USER`] with [`PASSWORD`], on each request.
    Basic,
    /// A bearer token, which our own token server gives to [`USER`] with [`PASSWORD`]. Distribution only.
    Token,
}

/// PEM files of a registry that speaks TLS.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate (chain) it shows.
    pub certificate: PathBuf,
    /// The key of that certificate.
    pub key: PathBuf,
    /// When named, each client must show a certificate that this CA signed.
    pub client_ca: Option<PathBuf>,
}

/// How to start a registry.
#[derive(Clone, Debug)]
pub struct Options {
    /// [`Part::Distribution`] or [`Part::DockerRegistry`].
    pub part: Part,
    /// Who may ask.
    pub access: Access,
    /// `None` is plain http.
    pub tls: Option<Tls>,
}

impl Default for Options {
    fn default() -> Self {
        Self { part: Part::Distribution, access: Access::Open, tls: None }
    }
}

/// A running registry; it ends when this is dropped.
#[derive(Debug)]
pub struct Registry {
    child: Child,
    address: String,
    secure: bool,
    log: Arc<Mutex<String>>,
    token: Option<TokenServer>,
    folder: TempDir,
}

impl Registry {
    /// Starts one and returns when it listens. It is the registry's own word that it does which is waited for.
    pub fn start(options: &Options) -> Result<Self> {
        let program = parts::find(options.part)?;
        // In memory where the system has that: a tag is a file, and a test may want ten thousand.
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_no_shm| tempfile::tempdir())
            .context("no temporary folder for the registry")?;
        let token = match options.access {
            Access::Token => Some(TokenServer::start(folder.path())?),
            Access::Open | Access::Basic => None,
        };
        let config = folder.path().join("config.yml");
        fs::write(&config, configuration(options, folder.path(), token.as_ref())?)?;
        let mut child = Command::new(&program)
            .arg("serve")
            .arg(&config)
            .env_clear()
            // Distribution 3 sends traces to a collector unless told not to.
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let stderr = child.stderr.take().context("the registry has no stderr")?;
        let mut registry = Self {
            child,
            address: String::new(),
            secure: options.tls.is_some(),
            log: Arc::default(),
            token,
            folder,
        };
        registry.address = registry.follow(stderr)?;
        Ok(registry)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `http://127.0.0.1:PORT` or `https://…`.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// `127.0.0.1:PORT/repository`: what an ImageRepository's `spec.image` names.
    pub fn image(&self, repository: &str) -> String {
        format!("{}/{repository}", self.address)
    }

    /// Puts one image under one tag and returns its digest (`sha256:…`). A tag that exists moves.
    pub fn push(&self, repository: &str, tag: &str, image: &Image) -> Result<String> {
        self.push_all(repository, [tag], image)
    }

    /// Puts one image under many tags; returns its digest.
    ///
    /// The tags are laid straight into the registry's storage, as the registry itself would: ten thousand take well
    /// under a second, and no credentials are needed however the registry is guarded.
    pub fn push_all<T: AsRef<str>>(
        &self,
        repository: &str,
        tags: impl IntoIterator<Item = T>,
        image: &Image,
    ) -> Result<String> {
        storage::write(self.folder.path(), repository, tags, image)
    }

    /// Takes a tag away; the manifest stays, as it does when a registry untags.
    pub fn untag(&self, repository: &str, tag: &str) -> Result<()> {
        storage::untag(self.folder.path(), repository, tag)
    }

    /// What the registry has logged so far, for the message of a failing test: it lags behind the requests.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many tokens the token server has given out; 0 without [`Access::Token`].
    pub fn tokens_given(&self) -> usize {
        self.token.as_ref().map_or(0, TokenServer::given)
    }

    /// Reads the log until the address stands in it; a thread goes on reading, so that the registry never blocks.
    fn follow(&self, stderr: ChildStderr) -> Result<String> {
        let mut lines = BufReader::new(stderr).lines();
        let mut story = String::new();
        let address = loop {
            let Some(line) = lines.next() else { bail!("the registry ended at once:\n{story}") };
            let line = line?;
            writeln!(story, "{line}")?;
            if let Some(address) = listening_on(&line) {
                break address;
            }
        };
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = story;
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            for line in lines.map_while(std::io::Result::ok) {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
            }
        });
        Ok(address)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}

fn listening_on(line: &str) -> Option<String> {
    let rest = line.split_once("listening on ")?.1;
    Some(rest.split([',', '"']).next()?.to_owned())
}

fn configuration(options: &Options, folder: &Path, token: Option<&TokenServer>) -> Result<String> {
    let storage = storage::root(folder);
    let mut text = format!(
        "version: 0.1\n\
         log: {{level: info, formatter: text}}\n\
         storage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
         http:\n  addr: 127.0.0.1:0\n  secret: a-test\n",
        storage.display()
    );
    if let Some(tls) = &options.tls {
        write!(
            text,
            "  tls:\n    certificate: {}\n    key: {}\n",
            tls.certificate.display(),
            tls.key.display()
        )?;
        if let Some(ca) = &tls.client_ca {
            writeln!(text, "    clientcas: [{}]", ca.display())?;
        }
    }
    match (options.access, token) {
        (Access::Basic, _) => {
            let path = folder.join("htpasswd");
            fs::write(&path, HTPASSWD)?;
            writeln!(text, "auth: {{htpasswd: {{realm: test, path: {}}}}}", path.display())?;
        }
        (Access::Token, Some(server)) => text.push_str(&server.configuration()),
        (Access::Open | Access::Token, _) => {}
    }
    Ok(text)
}
