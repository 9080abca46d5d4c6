//! The commands that call AWS, with a stand-in for `aws` that gives prepared responses and records its calls.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first response whose pattern fits the arguments, in the order in which they were added.
const STAND_IN: &str = r#"#!/usr/bin/env bash
here=$(dirname "$0")
echo "$*" >>"$here/calls"
for response in "$here"/responses/*; do
    # shellcheck disable=SC2053
    if [[ "$*" == $(head -n 1 "$response") ]]; then
        # get-object's last argument is where the object goes.
        [[ "$*" == *get-object* ]] && tail -n +2 "$response" >"${!#}"
        tail -n +2 "$response"
        [[ $response != *.once ]] || rm "$response"
        [[ $response != *.fails ]]
        exit
    fi
done
echo "no response for $*" >&2
exit 1
"#;

const ROLE: &str = "arn:aws:iam::123456789012:role/x";

struct Aws {
    folder: PathBuf,
    responses: u32,
}

struct Ran {
    succeeded: bool,
    output: String,
    calls: String,
}

impl Aws {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("commands-{}-{test}", std::process::id()));
        fs::create_dir_all(folder.join("responses")).unwrap();
        let aws = Self {
            folder,
            responses: 0,
        };
        aws.program("aws", STAND_IN);
        aws
    }

    fn program(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A temporary folder with files.
    fn files(&self, folder: &str, files: &[(&str, &str)]) -> String {
        let path = self.folder.join(folder);
        fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        path.to_str().unwrap().to_owned()
    }

    fn responds(mut self, pattern: &str, output: &str) -> Self {
        self.add(pattern, output, "");
        self
    }

    fn fails(mut self, pattern: &str, output: &str) -> Self {
        self.add(pattern, output, ".fails");
        self
    }

    /// A response to the first such call only.
    fn responds_once(mut self, pattern: &str, output: &str) -> Self {
        self.add(pattern, output, ".once");
        self
    }

    fn add(&mut self, pattern: &str, output: &str, ending: &str) {
        self.responses += 1;
        let file = format!("responses/{:02}{ending}", self.responses);
        fs::write(self.folder.join(file), format!("{pattern}\n{output}\n")).unwrap();
    }

    /// The outputs of the roles' stack, and a stack that is at version 7.
    fn with_stack(self, status: &str) -> Self {
        self.responds("*--stack-name roles *ArtifactsBucketName*", "artifacts")
            .responds("*--stack-name roles *CloudFormationRoleArn*", ROLE)
            .responds("*--stack-name roles *PermissionsBoundaryArn*", "boundary")
            .responds("*--stack-name app *StackStatus*", status)
            .responds(
                "*CreateThumbnailLambdaVersionFile*",
                "create-thumbnail-7.zip",
            )
            .responds("*AnalyzeImageLambdaVersionFile*", "analyze-image-7.zip")
            .responds("*ApiUrl*", "https://api/v1")
            .responds("*Parameters*ArtifactsBucketName*", "artifacts")
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Ran {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let path = std::env::var("PATH").unwrap();
        // As in the pipeline's task.
        let output = Command::new("bash")
            .arg(root.join(".ci").join(command))
            .args(arguments)
            .env("PATH", format!("{}:{path}", self.folder.display()))
            .env("POLL_SECONDS", "0")
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        Ran {
            succeeded: output.status.success(),
            output: String::from_utf8(text).unwrap(),
            calls: fs::read_to_string(self.folder.join("calls")).unwrap_or_default(),
        }
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Ran {
    fn fine(self) -> Self {
        assert!(self.succeeded, "{}", self.output);
        self
    }

    fn refused(self, why: &str) {
        assert!(!self.succeeded, "{}", self.output);
        assert!(self.output.contains(why), "{}", self.output);
    }

    fn sets(&self, name: &str, value: &str) {
        let line = format!("##vso[task.setvariable variable={name};isOutput=true]{value}");
        assert!(
            self.output.lines().any(|is| is == line),
            "not {line}:\n{}",
            self.output
        );
    }
}

#[test]
fn the_stack_is_checked_before_a_deployment() {
    let aws = Aws::new("before")
        .with_stack("UPDATE_COMPLETE")
        .responds("*describe-stack-resources*ApiFailureAlarm*", "one\ntwo")
        .responds(
            "*describe-alarms --alarm-names one two *StateValue!='ALARM'*",
            "arn:one\narn:two",
        );
    let ran = aws.run("before-deploy", &["roles", "app"]).fine();
    ran.sets("artifactsBucket", "artifacts");
    ran.sets("cloudFormationRole", ROLE);
    ran.sets("permissionsBoundary", "boundary");
    ran.sets("account", "123456789012");
    ran.sets("previousVersion", "7");
    ran.sets("rollbackAlarms", "arn:one%0Aarn:two");
    assert!(!ran.calls.contains("delete-stack"), "{}", ran.calls);
}

#[test]
fn a_first_deployment_has_nothing_before_it() {
    let aws = Aws::new("first")
        .fails(
            "*--stack-name app *StackStatus*",
            "Stack with id app does not exist",
        )
        .with_stack("");
    let ran = aws.run("before-deploy", &["roles", "app"]).fine();
    ran.sets("previousVersion", "");
    ran.sets("rollbackAlarms", "");
}

#[test]
fn a_stack_whose_creation_failed_is_deleted() {
    for status in [
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "CREATE_FAILED",
        "REVIEW_IN_PROGRESS",
    ] {
        let aws = Aws::new(status).with_stack(status).responds("*delete*", "");
        let ran = aws.run("before-deploy", &["roles", "app"]).fine();
        assert!(
            ran.calls
                .contains("delete-stack --stack-name app --role-arn "),
            "{}",
            ran.calls
        );
        assert!(
            ran.calls
                .contains("wait stack-delete-complete --stack-name app"),
            "{}",
            ran.calls
        );
        ran.sets("previousVersion", "");
    }
}

/// A stack in any other state must never be deleted.
#[test]
fn a_stack_that_is_in_progress_or_stuck_is_left_alone() {
    for (status, why) in [
        (
            "UPDATE_IN_PROGRESS",
            "another operation on app is in progress",
        ),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        // It may still hold data.
        ("DELETE_FAILED", "the deletion of app failed"),
    ] {
        let aws = Aws::new(status).with_stack(status);
        let ran = aws.run("before-deploy", &["roles", "app"]);
        assert!(!ran.calls.contains("delete-stack"), "{}", ran.calls);
        ran.refused(why);
    }
    let aws = Aws::new("denied")
        .fails("*--stack-name app *StackStatus*", "AccessDenied")
        .with_stack("");
    aws.run("before-deploy", &["roles", "app"])
        .refused("AccessDenied");
}

#[test]
fn the_stack_says_what_is_deployed() {
    for status in [
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    ] {
        let aws = Aws::new(&format!("deployed-{status}")).with_stack(status);
        let ran = aws.run("deployed", &["app", "7"]).fine();
        ran.sets("liveVersion", "7");
        ran.sets("ApiUrl", "https://api/v1");
        ran.sets("artifactsBucket", "artifacts");
        aws.run("deployed", &["app"])
            .fine()
            .sets("liveVersion", "7");
        aws.run("deployed", &["app", "8"])
            .refused("at version 7, not at 8");
    }
    for status in ["UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE", "UPDATE_FAILED"] {
        let aws = Aws::new(&format!("deployed-{status}")).with_stack(status);
        aws.run("deployed", &["app"]).refused(status);
    }
    let aws = Aws::new("two")
        .responds("*AnalyzeImageLambdaVersionFile*", "analyze-image-8.zip")
        .with_stack("UPDATE_COMPLETE");
    aws.run("deployed", &["app"])
        .refused("two versions: 7 and 8");
}

/// The credentials of the step before may have expired before the operation finished, so its result says nothing.
#[test]
fn a_stack_in_progress_is_waited_for() {
    let aws = Aws::new("waits")
        .responds_once("*--stack-name app *StackStatus*", "UPDATE_IN_PROGRESS")
        .responds_once(
            "*--stack-name app *StackStatus*",
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        )
        .with_stack("UPDATE_COMPLETE");
    aws.run("deployed", &["app", "7"])
        .fine()
        .sets("liveVersion", "7");
}

/// The rollback depends on it, also if the version is not the requested one.
#[test]
fn the_live_version_is_set_even_if_it_is_another() {
    let aws = Aws::new("other-version").with_stack("UPDATE_ROLLBACK_COMPLETE");
    let ran = aws.run("deployed", &["app", "8"]);
    assert!(!ran.succeeded);
    ran.sets("liveVersion", "7");
}

#[test]
fn a_published_artifact_is_never_replaced() {
    let aws = Aws::new("published")
        .responds("*get-caller-identity*", "123456789012")
        .fails(
            "*put-object*--key old.zip*",
            "An error occurred (PreconditionFailed)",
        )
        .responds(
            "*put-object*--if-none-match * --expected-bucket-owner 123456789012",
            "{}",
        )
        .responds("*get-object*--key old.zip*", "old bytes");
    let files = [
        ("old.zip", "old bytes\n"),
        ("new.zip", "new bytes\n"),
        ("manifest-7.sha256", ""),
    ];
    let folder = aws.files("release", &files);
    let ran = aws.run("publish", &["artifacts", &folder]).fine();
    assert!(
        ran.output.contains("old.zip: there already"),
        "{}",
        ran.output
    );
    assert!(ran.output.contains("new.zip: uploaded"), "{}", ran.output);
    // A version that has a manifest is whole.
    assert!(
        ran.output
            .trim_end()
            .ends_with("manifest-7.sha256: uploaded"),
        "{}",
        ran.output
    );

    let folder = aws.files(
        "changed",
        &[("old.zip", "other bytes\n"), ("manifest-7.sha256", "")],
    );
    let ran = aws.run("publish", &["artifacts", &folder]);
    ran.refused("artifacts has other bytes under this name");

    let aws = Aws::new("unreachable")
        .responds("*get-caller-identity*", "123456789012")
        .fails("*put-object*", "AccessDenied");
    let folder = aws.files("release", &files);
    aws.run("publish", &["artifacts", &folder])
        .refused("AccessDenied");
}

/// The files of version 7, sealed.
fn version_7(aws: &Aws, folder: &str) -> String {
    let names = aws.run("release-files", &["7"]).fine().output;
    let files: Vec<(&str, &str)> = names.lines().map(|name| (name, "bytes\n")).collect();
    assert!(files.len() >= 5, "{names}");
    let path = aws.files(folder, &files);
    aws.run("seal-release", &["7", &path]).fine();
    path
}

#[test]
fn a_version_that_differs_from_its_manifest_is_not_deployed() {
    let aws = Aws::new("whole");
    let file = |folder: &str, name: &str| Path::new(folder).join(name);
    let whole = version_7(&aws, "whole");
    aws.run("check-release", &["7", &whole]).fine();
    aws.run("check-release", &["8", &whole])
        .refused("does not hold version 8");
    fs::write(file(&whole, "infra-6.yaml"), "i").unwrap();
    aws.run("check-release", &["7", &whole])
        .refused("infra-6.yaml");

    let part = version_7(&aws, "part");
    fs::remove_file(file(&part, "system-tests-7")).unwrap();
    aws.run("check-release", &["7", &part])
        .refused("system-tests-7");

    let changed = version_7(&aws, "changed");
    fs::write(file(&changed, "system-tests-7"), "other").unwrap();
    aws.run("check-release", &["7", &changed])
        .refused("differs from its manifest");

    let short = version_7(&aws, "short");
    let manifest = fs::read_to_string(file(&short, "manifest-7.sha256")).unwrap();
    let without: Vec<&str> = manifest
        .lines()
        .filter(|line| !line.contains("system-tests"))
        .collect();
    fs::write(file(&short, "manifest-7.sha256"), without.join("\n") + "\n").unwrap();
    aws.run("check-release", &["7", &short])
        .refused("is not about the files of version 7");
}

#[test]
fn a_version_is_fetched_from_this_accounts_bucket_and_compared() {
    let aws = Aws::new("sealed");
    let sealed = version_7(&aws, "sealed");
    let manifest = fs::read_to_string(Path::new(&sealed).join("manifest-7.sha256")).unwrap();
    let owner = ("*get-caller-identity*", "123456789012");
    let aws = Aws::new("fetched")
        .responds(owner.0, owner.1)
        .responds(
            "*--key manifest-7.sha256 --expected-bucket-owner 123456789012 *",
            manifest.trim_end(),
        )
        .responds("*--expected-bucket-owner 123456789012 *", "bytes");
    let folder = aws.files("fetched", &[]);
    aws.run("fetch-release", &["artifacts", "7", &folder])
        .fine();

    let aws = Aws::new("swapped")
        .responds(owner.0, owner.1)
        .responds("*--key manifest-7.sha256 *", manifest.trim_end())
        .responds("*--key system-tests-7 *", "another program")
        .responds("*get-object*", "bytes");
    let folder = aws.files("fetched", &[]);
    aws.run("fetch-release", &["artifacts", "7", &folder])
        .refused("differs from its manifest");

    let aws = Aws::new("gone")
        .responds(owner.0, owner.1)
        .fails("*get-object*infra*", "NoSuchKey")
        .responds("*get-object*", "bytes");
    let folder = aws.files("fetched", &[]);
    let ran = aws.run("fetch-release", &["artifacts", "7", &folder]);
    ran.refused("version 7 was never deployed here");
}

#[test]
fn parameters_get_values_or_are_refused() {
    let aws = Aws::new("parameters");
    let fill = |text: &str, values: &[&str]| {
        let folder = aws.files("parameters", &[("p.json", text)]);
        let file = format!("{folder}/p.json");
        let ran = aws.run("fill-parameters", &[&[file.as_str()], values].concat());
        (ran, fs::read_to_string(file).unwrap())
    };
    let (ran, text) = fill(
        "[\"${Stack}-raw\", \"${Topic}\"]",
        &["Stack=app", "Topic=", "Later=x"],
    );
    ran.fine();
    assert_eq!(text, "[\"app-raw\", \"\"]\n");
    fill("${Stack} ${Other}", &["Stack=app"])
        .0
        .refused("${Other}");
    fill("${Stack}", &["Stack=a\"b"])
        .0
        .refused("cannot be put into JSON");
}

#[test]
fn drift_is_reported_and_fails() {
    let detection = "*detect-stack-drift --stack-name app *";
    let aws = Aws::new("sync").responds(detection, "id").responds(
        "*describe-stack-drift-detection-status*",
        "DETECTION_COMPLETE\tIN_SYNC",
    );
    aws.run("drift", &["app"]).fine();
    let aws = Aws::new("drifted")
        .responds(detection, "id")
        .responds(
            "*describe-stack-drift-detection-status*",
            "DETECTION_COMPLETE\tDRIFTED",
        )
        .responds("*describe-stack-resource-drifts*", "[ImageTable]");
    aws.run("drift", &["app"]).refused("[ImageTable]");
    let aws = Aws::new("undetected")
        .responds(detection, "id")
        .responds(
            "*describe-stack-drift-detection-status*",
            "DETECTION_FAILED\tIN_SYNC",
        )
        .responds("*describe-stack-resource-drifts*", "[]");
    aws.run("drift", &["app"]).refused("DETECTION_FAILED");
}

#[test]
fn the_system_tests_end_with_a_search_for_leftovers() {
    let aws = Aws::new("proof");
    let tests = "#!/usr/bin/env bash\necho \"ran $STACK_URL ${STACK_RUN:+named} ${STACK_KEYS:+keys} $*\"\n[[ $* != *nothing_is_left* || $STACK_URL != *left* ]]\n";
    let tests = aws.program("tests", tests);
    let ran = aws
        .run("prove", &["main-job", "https://api/v1", &tests])
        .fine();
    assert_eq!(
        ran.output.lines().collect::<Vec<_>>(),
        [
            "ran https://api/v1 named keys uploads::",
            "ran https://api/v1 named keys --ignored --exact leftovers::nothing_is_left_of_this_run",
        ]
    );
    let ran = aws
        .run("prove", &["everything", "https://api/v1", &tests])
        .fine();
    assert!(
        ran.output.starts_with("ran https://api/v1 named  \n"),
        "{}",
        ran.output
    );
    aws.run("prove", &["main-job", "https://left/v1", &tests])
        .refused("nothing_is_left");
    aws.run("prove", &["some", "https://api/v1", &tests])
        .refused("neither everything nor main-job");
}
