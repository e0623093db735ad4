//! The loop of a thread around a [`Client`]: the socket and the clock.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use playfield_core::camera::UrlParts;
use playfield_core::time::Time;

use super::{Client, Input, Media, Output, RtspError, Unit};

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;
/// How often it is looked whether it is still wanted.
const LOOK: Duration = Duration::from_millis(200);
/// How long a connection may take to be there, and a request to leave.
const CONNECT: Duration = Duration::from_secs(5);

/// Who takes what comes.
pub trait Sink {
    /// A coded picture. One that cannot be taken now is lost.
    fn unit(&mut self, unit: Unit);

    /// Pictures begin to come.
    fn playing(&mut self, media: &Media);

    /// None come, and why.
    fn trouble(&mut self, error: &RtspError);

    /// What is wanted of the loop.
    fn wanted(&mut self) -> Wanted;
}

/// What is wanted of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// More.
    More,
    /// A connection anew: what comes is of no use.
    Again,
    /// Nothing any more.
    Nothing,
}

/// Takes pictures of a camera until nothing is wanted any more. Blocks its thread, which it should have to itself: names are looked up in
/// it too. `own`: random, for digests.
pub fn run(url: UrlParts, own: u64, sink: &mut dyn Sink) {
    let (host, port) = (url.host.clone(), url.port);
    let began = Instant::now();
    let now = || Time::ZERO + began.elapsed();
    let mut client = Client::new(now(), url, own);
    let mut stream: Option<TcpStream> = None;
    let mut buffer = vec![0; CHUNK];
    loop {
        while let Some(output) = client.poll() {
            let failed = match output {
                Output::Connect => connect(&host, port).map(|connected| {
                    stream = Some(connected);
                    client.handle(now(), Input::Connected);
                }),
                Output::Send(bytes) => stream.as_mut().map_or(Ok(()), |stream| stream.write_all(&bytes)).map_err(words),
                Output::Close => {
                    stream = None;
                    Ok(())
                }
                Output::Unit(unit) => {
                    sink.unit(unit);
                    Ok(())
                }
                Output::Playing(media) => {
                    sink.playing(&media);
                    Ok(())
                }
                Output::Trouble(error) => {
                    sink.trouble(&error);
                    Ok(())
                }
            };
            if let Err(why) = failed {
                client.handle(now(), Input::Gone(why));
            }
        }
        match sink.wanted() {
            Wanted::More => {}
            Wanted::Again => client.handle(now(), Input::Again),
            Wanted::Nothing => return,
        }
        let left = client.next_timeout().since(now());
        if left.is_zero() {
            client.handle(now(), Input::Timeout);
            continue;
        }
        let Some(open) = &mut stream else {
            std::thread::sleep(left.min(LOOK));
            continue;
        };
        match open.read(&mut buffer) {
            Ok(0) => client.handle(now(), Input::Gone("it closed the connection".to_owned())),
            Ok(came) => client.handle(now(), Input::Bytes(&buffer[..came])),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(error) => client.handle(now(), Input::Gone(words(error))),
        }
    }
}

fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    let addresses = (host, port).to_socket_addrs().map_err(|error| format!("`{host}` is not found: {error}"))?;
    let mut last = format!("`{host}` has no address");
    for address in addresses.take(4) {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(LOOK)).map_err(words)?;
                stream.set_write_timeout(Some(CONNECT)).map_err(words)?;
                stream.set_nodelay(true).map_err(words)?;
                return Ok(stream);
            }
            Err(error) => last = format!("{address} does not answer: {error}"),
        }
    }
    Err(last)
}

fn words(error: std::io::Error) -> String {
    format!("the connection broke: {error}")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    use playfield_core::camera::CameraUrl;

    use super::*;

    /// A fake camera: serves one connection with one picture, and closes it.
    fn serve(stream: TcpStream) -> std::io::Result<()> {
        let sdp = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
        let (mut lines, mut out) = (BufReader::new(stream.try_clone()?).lines(), stream);
        let mut request = Vec::new();
        while let Some(line) = lines.next().transpose()? {
            if !line.is_empty() {
                request.push(line);
                continue;
            }
            let sequence = request.iter().find(|line| line.starts_with("CSeq")).cloned().unwrap_or_default();
            let method = request[0].split(' ').next().unwrap_or_default().to_owned();
            request.clear();
            let rest = match &method[..] {
                "DESCRIBE" => format!("Content-Length: {}\r\n\r\n{sdp}", sdp.len()),
                "SETUP" => "Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n".to_owned(),
                _ => "\r\n".to_owned(),
            };
            out.write_all(format!("RTSP/1.0 200 OK\r\n{sequence}\r\n{rest}").as_bytes())?;
            if method == "PLAY" {
                out.write_all(&[b'$', 0, 0, 14, 0x80, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x65, 0x88])?;
                return Ok(());
            }
        }
        Ok(())
    }

    #[derive(Default)]
    struct Seen {
        units: Vec<Vec<u8>>,
        troubles: Vec<String>,
    }

    impl Sink for Seen {
        fn unit(&mut self, unit: Unit) {
            self.units.push(unit.data);
        }

        fn playing(&mut self, _: &Media) {}

        fn trouble(&mut self, error: &RtspError) {
            self.troubles.push(error.to_string());
        }

        fn wanted(&mut self) -> Wanted {
            if self.units.len() < 2 { Wanted::More } else { Wanted::Nothing }
        }
    }

    #[test]
    fn pictures_come_from_a_fake_camera_that_closes_the_connection_and_again_after_a_pause() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let camera = std::thread::spawn(move || listener.incoming().take(2).try_for_each(|stream| serve(stream?)));
        let url = CameraUrl::from(format!("rtsp://127.0.0.1:{port}/live"));
        let mut seen = Seen::default();
        run(url.parts().unwrap(), 7, &mut seen);
        assert_eq!(seen.units, [[0, 0, 0, 1, 0x65, 0x88], [0, 0, 0, 1, 0x65, 0x88]]);
        assert_eq!(seen.troubles, ["it closed the connection"]);
        camera.join().unwrap().unwrap();
    }
}
