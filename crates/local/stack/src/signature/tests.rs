use super::*;

const SCOPE: (&str, &str) = ("execute-api", "us-east-1");

/// A request, parts of which a test changes after signing.
#[derive(Clone)]
struct Sent {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn unsigned() -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("127.0.0.1:8080"));
        Self {
            method: Method::PUT,
            path: "/v1/images/a%20b%2Bc.jpg".to_owned(),
            query: "x=%C3%A5&b".to_owned(),
            headers,
            body: b"image".to_vec(),
        }
    }

    fn signed(credentials: &Credentials) -> Self {
        let mut sent = Self::unsigned();
        sign(
            credentials,
            SCOPE.1,
            SCOPE.0,
            &sent.method,
            (&sent.path, &sent.query),
            &mut sent.headers,
            &sent.body,
        );
        sent
    }

    fn parts(&self) -> SignedParts<'_> {
        SignedParts {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// Signed with settings that our own signer does not use.
    fn signed_with(
        credentials: &Credentials,
        age: Duration,
        adjust: impl FnOnce(&mut SigningSettings, &mut Sent),
    ) -> Self {
        let mut sent = Self::unsigned();
        let mut settings = SigningSettings::default();
        adjust(&mut settings, &mut sent);
        let keys = SigningKeys::new(
            &credentials.access_key,
            &credentials.secret_key,
            credentials.session_token.clone(),
            None,
            "test",
        );
        let names: Vec<String> = sent.headers.keys().map(ToString::to_string).collect();
        let (instructions, _) = signature(
            keys,
            SCOPE,
            SystemTime::now() - age,
            settings,
            &sent.parts(),
            names.iter().map(String::as_str),
            match sent.headers.get("x-amz-content-sha256") {
                Some(_) => SignableBody::UnsignedPayload,
                None => SignableBody::Bytes(&sent.body),
            },
        )
        .unwrap();
        let (headers, query) = instructions.into_parts();
        for header in headers {
            sent.headers.insert(
                HeaderName::try_from(header.name()).unwrap(),
                header.value().parse().unwrap(),
            );
        }
        for (name, value) in query {
            let value =
                percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
            sent.query = format!("{}&{name}={value}", sent.query);
        }
        sent
    }

    fn presigned(credentials: &Credentials, age: Duration, expires: Duration) -> Self {
        Self::signed_with(credentials, age, |settings, _| {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(expires);
        })
    }

    fn verify(&self, credentials: &Credentials) -> Result<(), SignatureError> {
        self.verify_at(credentials, SystemTime::now())
    }

    fn verify_at(&self, credentials: &Credentials, now: SystemTime) -> Result<(), SignatureError> {
        let authorization = SigV4Authorization::read(&self.headers, &self.query)?;
        assert_eq!(authorization.access_key, credentials.access_key);
        authorization.verify(&credentials.secret_key, SCOPE, &self.parts(), now)
    }

    fn replace_in_authorization(&mut self, from: &str, to: &str) {
        let value = self.headers["authorization"].to_str().unwrap();
        assert!(value.contains(from), "{value}");
        let value = value.replace(from, to);
        self.headers.insert("authorization", value.parse().unwrap());
    }
}

/// "get-vanilla-query-order-key-case" of AWS's published test suite for Signature Version 4.
#[test]
fn agrees_with_the_published_suite() {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("example.amazonaws.com"));
    headers.insert("x-amz-date", HeaderValue::from_static("20150830T123600Z"));
    headers.insert(
        "authorization",
        HeaderValue::from_static(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
    );
    let request = SignedParts {
        method: &Method::GET,
        path: "/",
        query: "Param2=value2&Param1=value1",
        headers: &headers,
        body: b"",
    };
    let time = NaiveDateTime::parse_from_str("20150830T123600Z", "%Y%m%dT%H%M%SZ").unwrap();
    let verified = SigV4Authorization::read(&headers, request.query)
        .unwrap()
        .verify(
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            ("service", "us-east-1"),
            &request,
            time.and_utc().into(),
        );
    assert_eq!(verified, Ok(()));
}

#[test]
fn what_is_signed_verifies_and_nothing_else_does() {
    let user = Credentials::random_user();
    let sent = Sent::signed(&user);
    assert_eq!(sent.verify(&user), Ok(()));

    let changed = |change: &dyn Fn(&mut Sent)| {
        let mut sent = sent.clone();
        change(&mut sent);
        sent.verify(&user)
    };
    let mismatch = Err(SignatureError::Mismatch);
    assert_eq!(changed(&|sent| sent.method = Method::POST), mismatch);
    assert_eq!(changed(&|sent| sent.path.push('x')), mismatch);
    assert_eq!(changed(&|sent| sent.query.push('x')), mismatch);
    assert_eq!(changed(&|sent| sent.body.push(0)), mismatch);
    assert_eq!(
        changed(&|sent| {
            sent.headers.insert("host", "other".parse().unwrap());
        }),
        mismatch
    );
    let stranger = Credentials {
        secret_key: "another".to_owned(),
        ..user.clone()
    };
    assert_eq!(sent.verify(&stranger), mismatch);
}

#[test]
fn a_session_token_is_signed() {
    let session = Credentials {
        session_token: Some("token+/=".to_owned()),
        ..Credentials::random_user()
    };
    for sent in [
        Sent::signed(&session),
        Sent::presigned(&session, Duration::ZERO, Duration::from_mins(1)),
    ] {
        let read = SigV4Authorization::read(&sent.headers, &sent.query).unwrap();
        assert_eq!(read.session_token, session.session_token);
        assert_eq!(sent.verify(&session), Ok(()));
    }
    let mut sent = Sent::signed(&session);
    sent.headers
        .insert("x-amz-security-token", "other".parse().unwrap());
    assert_eq!(sent.verify(&session), Err(SignatureError::Mismatch));
}

#[test]
fn clocks_may_be_fifteen_minutes_apart() {
    let user = Credentials::random_user();
    let sent = Sent::signed(&user);
    let now = SystemTime::now();
    let minute = Duration::from_mins(1);
    assert_eq!(sent.verify_at(&user, now + 14 * minute), Ok(()));
    assert_eq!(sent.verify_at(&user, now - 14 * minute), Ok(()));
    assert!(matches!(
        sent.verify_at(&user, now + 16 * minute),
        Err(SignatureError::Expired(_))
    ));
    assert!(matches!(
        sent.verify_at(&user, now - 16 * minute),
        Err(SignatureError::NotYetCurrent(_))
    ));
}

#[test]
fn the_scope_is_exact() {
    let user = Credentials::random_user();
    for (from, to) in [
        ("/aws4_request", "/aws4_reques"),
        ("/execute-api/", "/dynamodb/"),
        ("/us-east-1/", "/eu-west-1/"),
    ] {
        let mut sent = Sent::signed(&user);
        sent.replace_in_authorization(from, to);
        assert!(
            matches!(sent.verify(&user), Err(SignatureError::Scope(_))),
            "{to}"
        );
    }
    let mut sent = Sent::signed(&user);
    let date = sent.headers["x-amz-date"].to_str().unwrap()[..8].to_owned();
    sent.replace_in_authorization(&format!("/{date}/"), "/20200101/");
    assert!(matches!(sent.verify(&user), Err(SignatureError::Scope(_))));
    let mut sent = Sent::signed(&user);
    sent.replace_in_authorization("/aws4_request", "");
    assert!(matches!(
        sent.verify(&user),
        Err(SignatureError::Incomplete(_))
    ));
}

#[test]
fn the_host_and_every_amz_header_must_be_signed() {
    let user = Credentials::random_user();
    let mut sent = Sent::signed(&user);
    sent.headers
        .insert("x-amz-target", "DynamoDB_20120810.PutItem".parse().unwrap());
    assert_eq!(
        sent.verify(&user),
        Err(SignatureError::UnsignedHeader("x-amz-target".to_owned()))
    );
    let mut sent = Sent::signed(&user);
    sent.replace_in_authorization("SignedHeaders=host;", "SignedHeaders=");
    assert_eq!(sent.verify(&user), Err(SignatureError::UnsignedHost));

    let mut sent = Sent::presigned(&user, Duration::ZERO, Duration::from_mins(1));
    assert_eq!(sent.verify(&user), Ok(()));
    sent.headers.insert("x-amz-acl", "private".parse().unwrap());
    assert_eq!(
        sent.verify(&user),
        Err(SignatureError::UnsignedHeader("x-amz-acl".to_owned()))
    );
}

/// An unsigned body could be replaced in transit. Only S3 allows one.
#[test]
fn an_unsigned_payload_is_refused() {
    let user = Credentials::random_user();
    let sent = Sent::signed_with(&user, Duration::ZERO, |_, sent| {
        sent.headers.insert(
            "x-amz-content-sha256",
            HeaderValue::from_static("UNSIGNED-PAYLOAD"),
        );
    });
    assert_eq!(sent.verify(&user), Err(SignatureError::Mismatch));
}

#[test]
fn presigned_urls_last_as_long_as_they_say_and_a_week_at_most() {
    let user = Credentials::random_user();
    let (minute, week) = (Duration::from_mins(1), Duration::from_hours(7 * 24));
    let verify = |age, expires| Sent::presigned(&user, age, expires).verify(&user);
    assert_eq!(verify(Duration::ZERO, minute), Ok(()));
    assert_eq!(verify(week.saturating_sub(minute), week), Ok(()));
    assert!(matches!(
        verify(2 * minute, minute),
        Err(SignatureError::Expired(_))
    ));
    assert_eq!(
        verify(Duration::ZERO, week + Duration::from_secs(1)),
        Err(SignatureError::Expires)
    );
    assert_eq!(
        verify(Duration::ZERO, Duration::ZERO),
        Err(SignatureError::Expires)
    );

    let mut stretched = Sent::presigned(&user, Duration::ZERO, minute);
    stretched.query = stretched
        .query
        .replace("X-Amz-Expires=60", "X-Amz-Expires=61");
    assert_eq!(stretched.verify(&user), Err(SignatureError::Mismatch));
    let mut moved = Sent::presigned(&user, Duration::ZERO, minute);
    moved.path.push('x');
    assert_eq!(moved.verify(&user), Err(SignatureError::Mismatch));
}

#[test]
fn a_request_without_a_signature_is_refused_as_such() {
    let sent = Sent::unsigned();
    assert_eq!(
        SigV4Authorization::read(&sent.headers, &sent.query),
        Err(SignatureError::Missing)
    );
}
