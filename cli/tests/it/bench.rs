//! A sandbox, a folder with profiles for it, and the command run there.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use evertoken_sandbox::{Sandbox, Settings};
use serde_json::{Value, json};

/// The start of every JWT: base64url of `{"`.
const JWT_START: &str = "eyJ";

pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    folder: PathBuf,
}

/// What the command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit status; 128 and the signal's number for a program that a signal ended.
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("evertoken-cli-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let sandbox = Sandbox::start(settings).unwrap();
        let bench = Self { sandbox, folder };
        bench.write("evertoken.toml", &bench.profiles());
        bench
    }

    /// A profile for each provider, secrets by reference.
    fn profiles(&self) -> String {
        let url = self.sandbox.url();
        let all = self.sandbox.credentials();
        let (pismo, wso2, plain) = (&all.pismo, &all.wso2, &all.plain);
        self.write("pismo.secret", &format!("{}\n", pismo.server_secret));
        format!(
            r#"
[profiles.pismo]
flow = "pismo"
base_url = "{url}"
server_key = {}
server_secret = {{ file = "pismo.secret" }}

[profiles.wrong]
flow = "pismo"
base_url = "{url}"
server_key = {}
server_secret = {{ env = "WRONG_SECRET" }}

[profiles.wso2]
flow = "wso2"
token_url = "{url}/token"
consumer_key = {}
consumer_secret = {{ env = "WSO2_SECRET" }}
username = {}
password = {{ env = "WSO2_PASSWORD" }}

[profiles.plain]
flow = "password"
token_url = "{url}/plain/token"
client_id = {}
client_secret = {{ env = "PLAIN_SECRET" }}
username = {}
password = {{ env = "PLAIN_PASSWORD" }}
"#,
            json!(pismo.server_key),
            json!(pismo.server_key),
            json!(wso2.consumer_key),
            json!(wso2.username),
            json!(plain.client_id),
            json!(plain.username),
        )
    }

    /// The secrets that no output may hold, by the variable that carries each.
    fn secrets(&self) -> Vec<(&'static str, String)> {
        let all = self.sandbox.credentials();
        vec![
            ("PISMO_SECRET", all.pismo.server_secret),
            ("PASSKIT_PASSWORD", all.passkit.password),
            ("WSO2_SECRET", all.wso2.consumer_secret),
            ("WSO2_PASSWORD", all.wso2.password),
            ("PLAIN_SECRET", all.plain.client_secret),
            ("PLAIN_PASSWORD", all.plain.password),
            ("WRONG_SECRET", "not-the-secret".to_owned()),
        ]
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file that only its owner reads.
    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
    }

    /// Adds a profile to the file.
    pub(crate) fn add(&self, profile: &str) {
        let path = self.path("evertoken.toml");
        let before = std::fs::read_to_string(&path).unwrap();
        self.write("evertoken.toml", &format!("{before}\n{profile}\n"));
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evertoken"));
        command
            .args(args)
            .current_dir(&self.folder)
            .env_remove("EVERTOKEN_CONFIG")
            .env_remove("XDG_CONFIG_HOME")
            .env("HOME", &self.folder)
            .envs(self.secrets())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the command; no secret may be in what it says, and no token on standard error.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(self.command(args), b"")
    }

    pub(crate) fn run_with(&self, mut command: Command, stdin: &[u8]) -> Ran {
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // A command that reads no standard input may have closed it.
        let _ = pipe.write_all(stdin);
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        let ran = Ran {
            code: code(output.status),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        for (name, secret) in self.secrets() {
            let leaks = ran.out.contains(&secret) || ran.err.contains(&secret);
            assert!(!leaks, "{name} is in the output of {command:?}");
        }
        assert!(
            !ran.err.contains(JWT_START),
            "a token on standard error: {}",
            ran.err
        );
        ran
    }

    /// A count of the sandbox's total, such as `login`.
    pub(crate) fn count(&self, what: &str) -> u64 {
        self.sandbox.counts().unwrap()["total"][what]
            .as_u64()
            .unwrap()
    }

    /// The fingerprint of the token that was issued last.
    pub(crate) fn last_issued(&self) -> String {
        let journal = self.sandbox.journal().unwrap();
        let issued = journal
            .iter()
            .rev()
            .find_map(|entry| entry["issued"][0].as_str());
        issued.unwrap().to_owned()
    }
}

impl Ran {
    /// It succeeded, and said nothing to a person.
    pub(crate) fn quiet(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// It failed with this status, and gave no data.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        self.err
    }

    /// No token is in the data.
    pub(crate) fn without_token(self) -> Self {
        assert!(!self.out.contains(JWT_START), "a token: {}", self.out);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[cfg(unix)]
pub(crate) fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .or(status.signal().map(|signal| 128 + signal))
        .unwrap()
}

#[cfg(not(unix))]
pub(crate) fn code(status: std::process::ExitStatus) -> i32 {
    status.code().unwrap()
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_path: &Path, _mode: u32) {}
