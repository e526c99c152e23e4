//! A real Gitea: repositories over http, and pull requests through its own API, as a user's host has them.
//!
//! One serves a whole test program ([`Gitea::shared`]); a test takes users and a repository of its own. It ends with
//! the test program. There are no web pages to look at: its module carries templates and no front end.
//!
//! ```text
//! let Some(gitea) = Gitea::shared() else { return };
//! let repository = gitea.repository("acme")?;              // acme1/fleet, with a token that may do what a bot may
//! repository.commit(repository.owner(), "main", "app.yaml", b"image: app:1.0.0\n")?;
//! repository.pulls("open")?
//! ```

mod ask;
mod repository;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::kept::Kept;
use crate::parts::{self, Part};
use crate::port::Port;

pub use ask::Answer;
pub use repository::{Repository, User};

/// How long Gitea may take to be ready; a machine under load takes its time.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at whether it is.
const PAUSE: Duration = Duration::from_millis(20);
/// What a bot's token may do, and no more: these are the scopes that the documentation names.
pub const BOT_SCOPES: &[&str] = &["write:repository", "write:issue"];

/// A running Gitea; it ends when this is dropped, and with the test program.
#[derive(Debug)]
pub struct Gitea {
    server: Kept,
    port: Port,
    admin: String,
    made: AtomicUsize,
}

impl Gitea {
    /// The Gitea of this test program, started by the first test that asks. `None` after saying `skipped: needs …`
    /// where it is missing; with `CI=true` that fails.
    ///
    /// # Panics
    /// When it is there and does not start.
    #[expect(clippy::panic, reason = "a server that does not start has to fail the test, with its log")]
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<Gitea, String>> = OnceLock::new();
        parts::need(Part::Git)?;
        parts::need(Part::Gitea)?;
        match SHARED.get_or_init(|| Self::start().map_err(|e| format!("{e:#}"))) {
            Ok(gitea) => Some(gitea),
            Err(why) => panic!("no Gitea: {why}"),
        }
    }

    /// Starts one and returns when it answers.
    ///
    /// # Errors
    /// When it is missing or does not become ready; the message ends with its log.
    pub fn start() -> Result<Self> {
        let program = parts::find(Part::Gitea)?;
        let folder = tempfile::Builder::new().prefix("tagalong-gitea").tempdir()?.keep();
        let port = Port::reserve()?;
        let config = folder.join("app.ini");
        fs::write(&config, settings(&folder, &port, parts::files_of(&program).as_deref())?)?;
        once(&program, &config, &["migrate"])?;
        let create = [
            "admin",
            "user",
            "create",
            "--admin",
            "--username",
            "root",
            "--password",
            "open-sesame",
            "--email",
            "root@example.com",
            "--must-change-password=false",
            "--access-token",
            "--access-token-name",
            "all",
            "--access-token-scopes",
            "all",
        ];
        let said = once(&program, &config, &create)?;
        let token = said.split_whitespace().find(|word| word.len() == 40);
        let admin = token.context("gitea printed no token")?.to_owned();
        let config = config.to_str().context("the temporary folder is no text")?;
        let arguments = ["web", "--config", config].map(ToOwned::to_owned);
        let server = Kept::start(&program, &arguments, Some(&folder))?;
        let gitea = Self { server, port, admin, made: AtomicUsize::new(0) };
        gitea.wait()?;
        Ok(gitea)
    }

    fn wait(&self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while !self.ask("GET", "/api/v1/version", None, None).is_ok_and(|answer| answer.status == 200) {
            if self.server.ended() || Instant::now() > until {
                bail!("gitea does not answer; its log:\n{}", self.server.log());
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.port.http()
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> std::net::SocketAddr {
        self.port.address()
    }

    /// One request to the server, with a token of its own kind.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Answer> {
        ask::ask(self.port.address(), method, path, token.map(|token| format!("token {token}")), body)
    }

    /// A new account; its name begins with `name`.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn user(&self, name: &str) -> Result<User> {
        let name = format!("{name}{}", self.made.fetch_add(1, Ordering::Relaxed) + 1);
        let body = json!({
            "username": name, "email": format!("{name}@example.com"), "password": "open-sesame",
            "must_change_password": false,
        });
        self.ask("POST", "/api/v1/admin/users", Some(&self.admin), Some(&body))?.expect(201)?;
        let token = self.token(&name, &["all"])?;
        Ok(User { name, token })
    }

    /// A new token of an account, with these scopes.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn token(&self, name: &str, scopes: &[&str]) -> Result<String> {
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        let body = json!({"name": format!("token{made}"), "scopes": scopes});
        let path = format!("/api/v1/users/{name}/tokens");
        let basic = ask::basic(name, "open-sesame");
        let answer = ask::ask(self.port.address(), "POST", &path, Some(basic), Some(&body))?.expect(201)?;
        Ok(answer.get("sha1").and_then(Value::as_str).context("no token in the answer")?.to_owned())
    }

    /// A new repository `fleet` of a new account, and a bot that may write to it.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn repository(&self, owner: &str) -> Result<Repository<'_>> {
        let owner = self.user(owner)?;
        let body = json!({"name": "fleet", "default_branch": "main", "auto_init": true});
        self.ask("POST", "/api/v1/user/repos", Some(&owner.token), Some(&body))?.expect(201)?;
        let bot = self.user("bot")?;
        let path = format!("/api/v1/repos/{}/fleet/collaborators/{}", owner.name, bot.name);
        self.ask("PUT", &path, Some(&owner.token), Some(&json!({"permission": "write"})))?.expect(204)?;
        let token = self.token(&bot.name, BOT_SCOPES)?;
        Ok(Repository { gitea: self, owner, bot: User { name: bot.name, token } })
    }
}

/// Runs one of Gitea's own commands; what it printed.
fn once(program: &Path, config: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .arg("--config")
        .arg(config)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(config.parent().map(|folder| ("HOME", folder)))
        .output()?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("gitea {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&said));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn settings(folder: &Path, port: &Port, files: Option<&Path>) -> Result<String> {
    let mut text =
        String::from("RUN_MODE = prod\nI_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true\nAPP_NAME = Test bed\n");
    let here = folder.display();
    let number = port.number();
    writeln!(text, "WORK_PATH = {here}/work")?;
    writeln!(text, "[server]\nHTTP_ADDR = 127.0.0.1\nHTTP_PORT = {number}\nROOT_URL = {}/", port.http())?;
    writeln!(text, "LOCAL_ROOT_URL = {}/\nDISABLE_SSH = true\nOFFLINE_MODE = true", port.http())?;
    writeln!(text, "APP_DATA_PATH = {here}/data")?;
    if let Some(files) = files {
        writeln!(text, "STATIC_ROOT_PATH = {}", files.display())?;
    }
    writeln!(text, "[database]\nDB_TYPE = sqlite3\nPATH = {here}/gitea.db\nSQLITE_JOURNAL_MODE = WAL")?;
    writeln!(text, "[repository]\nROOT = {here}/repositories\nDEFAULT_BRANCH = main")?;
    // One round of hashing: nothing here is worth guarding.
    writeln!(text, "[security]\nINSTALL_LOCK = true\nPASSWORD_HASH_ALGO = pbkdf2$1$8")?;
    writeln!(text, "SECRET_KEY = none\nINTERNAL_TOKEN = none")?;
    writeln!(text, "[log]\nMODE = console\nLEVEL = Warn\n[log.console]\nSTDERR = true")?;
    writeln!(text, "[indexer]\nISSUE_INDEXER_TYPE = db\n[session]\nPROVIDER = memory")?;
    writeln!(text, "[mailer]\nENABLED = false\n[cron]\nENABLED = false\n[actions]\nENABLED = false")?;
    Ok(text)
}
