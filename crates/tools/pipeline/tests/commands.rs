//! The commands that ask AWS, with a stand-in for `aws` that answers as it was told and notes what it was asked.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up ends it")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Answers in the order in which they were given; the first whose pattern fits the arguments.
const STAND_IN: &str = r#"#!/usr/bin/env bash
here=$(dirname "$0")
echo "$*" >>"$here/calls"
for answer in "$here"/answers/*; do
    # shellcheck disable=SC2053
    if [[ "$*" == $(head -n 1 "$answer") ]]; then
        # get-object's last argument is where the object goes.
        [[ "$*" == *get-object* ]] && tail -n +2 "$answer" >"${!#}"
        tail -n +2 "$answer"
        [[ $answer != *.fails ]]
        exit
    fi
done
echo "nobody answers $*" >&2
exit 1
"#;

struct Aws {
    folder: PathBuf,
    answers: u32,
}

struct Ran {
    succeeded: bool,
    output: String,
    calls: String,
}

impl Aws {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("commands-{}-{test}", std::process::id()));
        fs::create_dir_all(folder.join("answers")).unwrap();
        let aws = Self { folder, answers: 0 };
        aws.program("aws", STAND_IN);
        aws
    }

    fn program(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A folder of the test's own with files in it.
    fn files(&self, folder: &str, files: &[(&str, &str)]) -> String {
        let path = self.folder.join(folder);
        fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        path.to_str().unwrap().to_owned()
    }

    fn answers(mut self, pattern: &str, output: &str) -> Self {
        self.add(pattern, output, "");
        self
    }

    fn fails(mut self, pattern: &str, output: &str) -> Self {
        self.add(pattern, output, ".fails");
        self
    }

    fn add(&mut self, pattern: &str, output: &str, ending: &str) {
        self.answers += 1;
        let file = format!("answers/{:02}{ending}", self.answers);
        fs::write(self.folder.join(file), format!("{pattern}\n{output}\n")).unwrap();
    }

    /// The bootstrap stack's outputs and a stack that is at version 7.
    fn with_stack(self, status: &str) -> Self {
        self.answers("*--stack-name boot *ArtifactsBucketName*", "artifacts")
            .answers("*--stack-name boot *CloudFormationRoleArn*", "role")
            .answers("*--stack-name app *StackStatus*", status)
            .answers(
                "*CreateThumbnailLambdaVersionFile*",
                "create-thumbnail-7.zip",
            )
            .answers("*AnalyzeImageLambdaVersionFile*", "analyze-image-7.zip")
            .answers("*ApiUrl*", "https://api/v1")
            .answers("*Parameters*ArtifactsBucketName*", "artifacts")
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Ran {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let path = std::env::var("PATH").unwrap();
        // As the pipeline's task does it.
        let output = Command::new("bash")
            .arg(root.join(".ci").join(command))
            .args(arguments)
            .env("PATH", format!("{}:{path}", self.folder.display()))
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
        let line = format!("##vso[task.setvariable variable={name}]{value}");
        assert!(
            self.output.lines().any(|is| is == line),
            "not {line}:\n{}",
            self.output
        );
    }
}

#[test]
fn before_a_deployment_the_stack_is_looked_at() {
    let aws = Aws::new("before")
        .with_stack("UPDATE_COMPLETE")
        .answers("*describe-stack-resources*ApiFailureAlarm*", "one\ntwo")
        .answers(
            "*describe-alarms --alarm-names one two *",
            "arn:one\narn:two",
        );
    let ran = aws.run("before-deploy", &["boot", "app"]).fine();
    ran.sets("artifactsBucket", "artifacts");
    ran.sets("cloudFormationRole", "role");
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
    let ran = aws.run("before-deploy", &["boot", "app"]).fine();
    ran.sets("previousVersion", "");
    ran.sets("rollbackAlarms", "");
}

#[test]
fn a_first_create_that_failed_makes_way() {
    for status in [
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "CREATE_FAILED",
        "REVIEW_IN_PROGRESS",
    ] {
        let aws = Aws::new(status).with_stack(status).answers("*delete*", "");
        let ran = aws.run("before-deploy", &["boot", "app"]).fine();
        assert!(
            ran.calls
                .contains("delete-stack --stack-name app --role-arn role"),
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

/// Anything else must never be deleted.
#[test]
fn a_stack_that_is_at_work_or_stuck_is_left_alone() {
    for (status, why) in [
        ("UPDATE_IN_PROGRESS", "somebody else is at work"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
    ] {
        let aws = Aws::new(status).with_stack(status);
        let ran = aws.run("before-deploy", &["boot", "app"]);
        assert!(!ran.calls.contains("delete-stack"), "{}", ran.calls);
        ran.refused(why);
    }
    let aws = Aws::new("denied")
        .fails("*--stack-name app *StackStatus*", "AccessDenied")
        .with_stack("");
    aws.run("before-deploy", &["boot", "app"])
        .refused("AccessDenied");
}

#[test]
fn what_is_deployed_is_asked_of_the_stack() {
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
    for status in [
        "UPDATE_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_IN_PROGRESS",
    ] {
        let aws = Aws::new(&format!("deployed-{status}")).with_stack(status);
        aws.run("deployed", &["app"]).refused(status);
    }
    let aws = Aws::new("two")
        .answers("*AnalyzeImageLambdaVersionFile*", "analyze-image-8.zip")
        .with_stack("UPDATE_COMPLETE");
    aws.run("deployed", &["app"])
        .refused("two versions: 7 and 8");
}

#[test]
fn the_same_bytes_are_not_uploaded_again_and_others_not_at_all() {
    let aws = Aws::new("published")
        .answers("*list-objects-v2*--prefix old.zip*", "old.zip")
        .answers("*list-objects-v2*", "None")
        .answers("*get-object*--key old.zip*", "old bytes");
    let folder = aws.files(
        "release",
        &[("old.zip", "old bytes\n"), ("new.zip", "new bytes\n")],
    );
    aws.run("leave-out-published", &["artifacts", &folder])
        .fine();
    assert!(!Path::new(&folder).join("old.zip").exists());
    assert!(Path::new(&folder).join("new.zip").exists());

    let folder = aws.files("changed", &[("old.zip", "other bytes\n")]);
    let ran = aws.run("leave-out-published", &["artifacts", &folder]);
    ran.refused("artifacts has other bytes under this name");

    let aws = Aws::new("unreachable").fails("*list-objects-v2*", "AccessDenied");
    let folder = aws.files("release", &[("new.zip", "new bytes\n")]);
    aws.run("leave-out-published", &["artifacts", &folder])
        .refused("");
}

#[test]
fn a_version_is_whole_or_not_deployed() {
    const FILES: [(&str, &str); 4] = [
        ("analyze-image-7.zip", "a"),
        ("create-thumbnail-7.zip", "c"),
        ("infra-7.yaml", "i"),
        ("system-tests-7", "s"),
    ];
    let aws = Aws::new("whole");
    let whole = aws.files("whole", &FILES);
    aws.run("check-release", &["7", &whole]).fine();
    aws.run("check-release", &["8", &whole])
        .refused("analyze-image-8.zip is missing");
    let part = aws.files("part", &FILES[..3]);
    aws.run("check-release", &["7", &part])
        .refused("system-tests-7 is missing or empty");
    let more = aws.files(
        "more",
        &[FILES.as_slice(), &[("infra-6.yaml", "i")]].concat(),
    );
    aws.run("check-release", &["7", &more])
        .refused("infra-6.yaml");

    let aws = Aws::new("fetched").answers("*get-object*", "bytes");
    let folder = aws.files("fetched", &[]);
    aws.run("fetch-release", &["artifacts", "7", &folder])
        .fine();
    let aws = Aws::new("gone")
        .fails("*get-object*infra*", "NoSuchKey")
        .answers("*get-object*", "bytes");
    let folder = aws.files("fetched", &[]);
    let ran = aws.run("fetch-release", &["artifacts", "7", &folder]);
    ran.refused("version 7 was never deployed here");
}

#[test]
fn drift_is_told_and_fails() {
    let detection = "*detect-stack-drift --stack-name app *";
    let aws = Aws::new("sync").answers(detection, "id").answers(
        "*describe-stack-drift-detection-status*",
        "DETECTION_COMPLETE\tIN_SYNC",
    );
    aws.run("drift", &["app"]).fine();
    let aws = Aws::new("drifted")
        .answers(detection, "id")
        .answers(
            "*describe-stack-drift-detection-status*",
            "DETECTION_COMPLETE\tDRIFTED",
        )
        .answers("*describe-stack-resource-drifts*", "[ImageTable]");
    aws.run("drift", &["app"]).refused("[ImageTable]");
    let aws = Aws::new("undetected")
        .answers(detection, "id")
        .answers(
            "*describe-stack-drift-detection-status*",
            "DETECTION_FAILED\tIN_SYNC",
        )
        .answers("*describe-stack-resource-drifts*", "[]");
    aws.run("drift", &["app"]).refused("DETECTION_FAILED");
}

#[test]
fn a_proof_looks_for_what_it_left() {
    let aws = Aws::new("proof");
    let tests = "#!/usr/bin/env bash\necho \"ran $STACK_URL ${STACK_RUN:+named} $*\"\n[[ $* != *nothing_is_left* || $STACK_URL != *left* ]]\n";
    let tests = aws.program("tests", tests);
    let ran = aws
        .run("prove", &["main-job", "https://api/v1", &tests])
        .fine();
    assert_eq!(
        ran.output.lines().collect::<Vec<_>>(),
        [
            "ran https://api/v1 named uploads::",
            "ran https://api/v1 named --ignored --exact leftovers::nothing_is_left_of_this_run",
        ]
    );
    let ran = aws
        .run("prove", &["everything", "https://api/v1", &tests])
        .fine();
    assert!(
        ran.output.starts_with("ran https://api/v1 named \n"),
        "{}",
        ran.output
    );
    aws.run("prove", &["main-job", "https://left/v1", &tests])
        .refused("nothing_is_left");
    aws.run("prove", &["some", "https://api/v1", &tests])
        .refused("neither everything nor main-job");
}
