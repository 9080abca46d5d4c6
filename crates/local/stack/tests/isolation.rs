//! Only the user who runs the stack has access to it, over sockets and in files.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

mod shipped;

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local_stack::command_line::Data;
use local_stack::{Options, REGION, Stack, signature};

/// A stack whose API requires signatures, with one image uploaded and both of its parts done.
async fn start(data: Data) -> Stack {
    let options = Options {
        data,
        ..shipped::ephemeral(&[("ApiAuthorization", "AWS_IAM")])
    };
    let stack = Stack::start(&options).await.unwrap();
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../photos/coffee.png");
    let (status, _) = call(&stack, "PUT", std::fs::read(image).unwrap()).await;
    assert_eq!(status, 201);
    loop {
        let (status, record) = call(&stack, "GET", Vec::new()).await;
        if status == 200 && !record.contains("pending") {
            return stack;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn call(stack: &Stack, method: &str, body: Vec<u8>) -> (u16, String) {
    let uri: http::Uri = format!("{}/images/coffee.png", stack.api_url)
        .parse()
        .unwrap();
    let mut request = http::Request::builder()
        .method(method)
        .uri(&uri)
        .header("host", uri.authority().unwrap().as_str())
        .body(Full::new(bytes::Bytes::from(body.clone())))
        .unwrap();
    let method = request.method().clone();
    signature::sign(
        &stack.credentials,
        REGION,
        "execute-api",
        &method,
        (uri.path(), ""),
        request.headers_mut(),
        &body,
    );
    let client: Client<_, Full<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// The addresses on which this process and those that it started listen.
fn listening() -> HashSet<SocketAddr> {
    let mut inodes = HashSet::new();
    for process in descendants(std::process::id()) {
        let Ok(descriptors) = std::fs::read_dir(format!("/proc/{process}/fd")) else {
            continue;
        };
        for descriptor in descriptors.flatten() {
            let target = std::fs::read_link(descriptor.path()).unwrap_or_default();
            let target = target.to_string_lossy().into_owned();
            if let Some(inode) = target.strip_prefix("socket:[") {
                inodes.insert(inode.trim_end_matches(']').to_owned());
            }
        }
    }
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let tables = tables.map(Result::unwrap_or_default).concat();
    tables
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        // 0A is LISTEN.
        .filter(|fields| fields.get(3) == Some(&"0A") && inodes.contains(fields[9]))
        .map(|fields| address(fields[1]))
        .collect()
}

/// `0100007F:1F90` is 127.0.0.1:8080.
fn address(field: &str) -> SocketAddr {
    let (host, port) = field.split_once(':').unwrap();
    let host = u32::from_str_radix(host, 16).expect("an IPv4 address: nothing listens on IPv6");
    let port = u16::from_str_radix(port, 16).unwrap();
    SocketAddr::from((host.to_le_bytes(), port))
}

fn descendants(process: u32) -> Vec<u32> {
    let mut all = vec![process];
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name, in parentheses, may contain anything.
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let parent = after_name.split_whitespace().nth(1);
        parents.push((
            id,
            parent.and_then(|parent| parent.parse().ok()).unwrap_or(0),
        ));
    }
    let mut next = 0;
    while next < all.len() {
        let children = parents.iter().filter(|(_, parent)| *parent == all[next]);
        all.extend(children.map(|(id, _)| *id).collect::<Vec<u32>>());
        next += 1;
    }
    all
}

fn status(address: SocketAddr, request: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    std::str::from_utf8(&head[9..]).unwrap().parse().unwrap()
}

/// One test for sockets and files: a second stack in this process would have sockets, too.
#[tokio::test(flavor = "multi_thread")]
async fn no_other_user_has_access_to_a_running_stack() {
    let before = listening();
    let folder = std::env::temp_dir().join(uuid::Uuid::new_v4().simple().to_string());
    let stack = start(Data::Kept(folder.clone())).await;
    every_listening_socket_refuses_foreign_pages_and_unknown_callers(&stack, &before);
    everything_in_the_data_folder_is_its_users_alone(&folder);
    drop(stack);
    std::fs::remove_dir_all(folder).unwrap();
}

fn every_listening_socket_refuses_foreign_pages_and_unknown_callers(
    stack: &Stack,
    before: &HashSet<SocketAddr>,
) {
    let sockets: Vec<SocketAddr> = listening().difference(before).copied().collect();
    // The API, the services, and the Runtime API of a process of each function.
    assert!(sockets.len() >= 4, "{sockets:?}");
    let address = |url: &str| -> SocketAddr {
        let authority = url.strip_prefix("http://").unwrap();
        authority.split('/').next().unwrap().parse().unwrap()
    };
    for known in [address(&stack.api_url), address(&stack.aws_url)] {
        assert!(sockets.contains(&known), "{known} of {sockets:?}");
    }
    for socket in sockets {
        assert!(socket.ip().is_loopback(), "{socket}");
        for path in [
            "/v1/images",
            "/",
            "/2018-06-01/runtime/invocation/next",
            "/00000000000000000000000000000000/2018-06-01/runtime/invocation/next",
        ] {
            let refused = |name: &str, headers: &str| {
                let request = format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
                let status = status(socket, &request);
                assert!(
                    (400..500).contains(&status),
                    "{socket}{path}, {name}: {status}"
                );
            };
            refused("no credentials", &format!("Host: {socket}\r\n"));
            refused(
                "foreign page",
                &format!("Host: {socket}\r\nOrigin: https://example.com\r\n"),
            );
            refused("foreign host", "Host: example.com\r\n");
        }
    }
}

fn everything_in_the_data_folder_is_its_users_alone(folder: &Path) {
    let mut files = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let executable = path.file_name().is_some_and(|name| name == "bootstrap");
                let expected = if executable { 0o700 } else { 0o600 };
                assert_eq!(mode(&path), expected, "{}", path.display());
                files += 1;
            }
        }
    }
    // The databases, the identity, the logs, the image and its thumbnails.
    assert!(files >= 10, "{files}");
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
