//! A worker process under a benchmark: the same program, spoken to as a node speaks to it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, bail, ensure};
use playfield_core::api::{Receipt, Role, VideoMode};
use playfield_core::bus::{
    Attach, CoreFiles, FromWorker, Missing, Reply, Request, SessionSpec, SessionTimes, ToWorker, WorkerConfig,
};
use playfield_core::codec::H264Library;
use playfield_core::id::{SessionId, ViewerId};
use playfield_core::manifest::{Kind, Libretro, Limits, Program};
use playfield_core::people::{Person, Roster};
use playfield_core::receipt::STAGES;
use playfield_core::sim::Random;
use playfield_runtime::wasm::{Engine, compile};

/// A worker process.
pub struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    folder: PathBuf,
    requests: u64,
    /// Where it listens.
    pub udp: Vec<SocketAddr>,
}

/// A guest that can be opened again and again.
#[derive(Clone, Debug)]
pub struct Prepared {
    module: PathBuf,
    core: Option<CoreFiles>,
    run_ahead: u8,
    program: Option<Program>,
}

impl Worker {
    /// Starts one on loopback that takes so many sessions.
    pub fn start(max_sessions: u32) -> anyhow::Result<Worker> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("playfield-bench-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let program = std::env::current_exe()?;
        let mut child = Command::new(program).arg("worker").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().context("a worker has standard input")?;
        let stdout = BufReader::new(child.stdout.take().context("a worker has standard output")?);
        let mut worker = Worker { child, stdin, stdout, folder, requests: 0, udp: Vec::new() };
        let (udp, checkpoints) = (vec!["127.0.0.1:0".parse()?], worker.folder.clone());
        let (sandbox, h264) = (Missing::default(), H264Library::default());
        worker.say(&WorkerConfig { udp, public_ips: Vec::new(), max_sessions, checkpoints, sandbox, h264 })?;
        match worker.hear()? {
            FromWorker::Ready { udp } => {
                worker.udp = udp;
                Ok(worker)
            }
            other => bail!("the worker is not ready: {other:?}"),
        }
    }

    fn say(&mut self, line: &impl serde::Serialize) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.stdin, line)?;
        self.stdin.write_all(b"\n")?;
        Ok(self.stdin.flush()?)
    }

    fn hear(&mut self) -> anyhow::Result<FromWorker> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            bail!("the worker is gone");
        }
        Ok(serde_json::from_str(&line)?)
    }

    fn ask(&mut self, request: Request) -> anyhow::Result<Reply> {
        self.requests += 1;
        let id = self.requests;
        self.say(&ToWorker { id, request })?;
        loop {
            match self.hear()? {
                FromWorker::Reply { id: answered, reply } if answered == id => return Ok(reply),
                _ => {}
            }
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Makes content of a libretro core ready for `open`.
    pub fn prepare_content(&self, core: &Path, content: &Path, run_ahead: u8) -> anyhow::Result<Prepared> {
        let home = self.folder.join("home");
        std::fs::create_dir_all(&home)?;
        let [core, content, system, home] = [core, content, &self.folder, &home].map(std::path::absolute);
        let files = CoreFiles { core: core?, content: content?, system: system?, home: home?, hash: String::new() };
        Ok(Prepared { module: files.content.clone(), core: Some(files), run_ahead, program: None })
    }

    /// Compiles a module for `open`.
    pub fn prepare(&self, module: &[u8]) -> anyhow::Result<Prepared> {
        let engine = Engine::new()?;
        let compiled = self.folder.join(compile::cache_key(&engine, module));
        std::fs::write(&compiled, compile::compile(&engine, module)?.bytes())?;
        Ok(Prepared { module: compiled, core: None, run_ahead: 0, program: None })
    }

    /// Makes a program that is installed here ready for `open`.
    pub fn prepare_program(&self, program: Program) -> anyhow::Result<Prepared> {
        std::fs::create_dir_all(self.home())?;
        Ok(Prepared { module: self.folder.clone(), core: None, run_ahead: 0, program: Some(program) })
    }

    fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Opens a guest for one viewer and returns the session and the answer to its offer.
    pub fn open(&mut self, guest: &Prepared, video: VideoMode, offer: String) -> anyhow::Result<(SessionId, String)> {
        let mut random = Random::new(self.requests + 1);
        let entropy = std::array::from_fn(|_| random.next_u64() as u8);
        let id = SessionId::from_entropy(entropy);
        let Prepared { module, core, run_ahead, program } = guest.clone();
        let folder = program.as_ref().map(|_| self.home());
        let memory_mb = match (&core, &program) {
            (None, None) => Limits::default().memory_mb,
            (Some(_), _) => 512,
            (_, Some(_)) => 2048,
        };
        let kind = match (&core, program) {
            (_, Some(program)) => Kind::Program { program },
            (None, None) => Kind::Wasm,
            (Some(_), None) => {
                Kind::Libretro { libretro: Libretro { run_ahead, ..Libretro::default() }, file: String::new() }
            }
        };
        let spec = Box::new(SessionSpec {
            id: id.clone(),
            title: "probe".to_owned(),
            module: module.clone(),
            kind,
            compiled: Some(module),
            home: None,
            core,
            folder,
            limits: Limits { memory_mb, ..Limits::default() },
            input: Vec::new(),
            players: 1,
            keys_as_pad: true,
            picture: None,
            seed: 0,
            start_unix_ms: 0,
            storage: BTreeMap::new(),
            times: SessionTimes::default(),
            resume: false,
            people: Roster::default(),
            spectators: 0,
        });
        let viewer = ViewerId::from_entropy(entropy);
        let attach = Some(Box::new(Attach { person: Person::new(viewer, Role::Host, Some(0)), video, offer }));
        match self.ask(Request::Start { spec, attach })? {
            Reply::Started { answer: Some(answer) } => Ok((id, answer)),
            other => bail!("the session did not start: {other:?}"),
        }
    }

    /// Where a session's time went.
    pub fn receipt(&mut self, session: SessionId) -> anyhow::Result<Receipt> {
        match self.ask(Request::Receipt { session })? {
            Reply::Receipt { receipt } => {
                let account = receipt.tally().account();
                let sum = |names: &[&str]| -> u64 {
                    let named = account.histograms.iter().filter(|stage| names.contains(&stage.name.as_str()));
                    named.map(|stage| stage.sum_us).sum()
                };
                let (stages, total) = (sum(&STAGES), sum(&["total"]) + account.without_input.sum_us);
                ensure!(stages == total, "the stages take {stages} us, and all of it {total}");
                Ok(account.receipt)
            }
            other => bail!("no receipt: {other:?}"),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both may be gone already, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
