//! What is said about other causes than the token.

/// A subject, what may be wrong with it, and how many words apart the two may be.
pub(super) struct Rule {
    pub(super) cause: &'static str,
    pub(super) subjects: &'static [&'static str],
    pub(super) states: &'static [&'static str],
    pub(super) reach: usize,
    /// Also counts in a sentence that calls the token invalid, because it says why.
    pub(super) explains: bool,
    /// Counts in codes only: in a sentence it may be said to a caller whom the server does not know.
    pub(super) in_codes: bool,
}

impl Rule {
    const fn new(
        cause: &'static str,
        subjects: &'static [&'static str],
        states: &'static [&'static str],
        reach: usize,
    ) -> Self {
        Self {
            cause,
            subjects,
            states,
            reach,
            explains: false,
            in_codes: false,
        }
    }

    const fn explaining(mut self) -> Self {
        self.explains = true;
        self
    }

    const fn in_codes(mut self) -> Self {
        self.in_codes = true;
        self
    }
}

/// With the products whose words they are.
pub(super) const RULES: &[Rule] = &[
    // Zoho: OAUTH_SCOPE_MISMATCH. Zoom: "does not contain scopes". Google: "insufficient authentication scopes".
    Rule::new(
        "scope",
        &["scope", "scopes"],
        &[
            "insufficient",
            "mismatch",
            "match",
            "lack",
            "lacks",
            "contain",
            "approval",
            "following",
        ],
        4,
    )
    .explaining(),
    // Slack: missing_scope. Vert.x said "Invalid JWT token: missing required scopes" of an expired token.
    Rule::new(
        "scope",
        &["scope", "scopes"],
        &["missing", "required", "invalid"],
        3,
    )
    .in_codes(),
    // GLPI: ERROR_RIGHT_MISSING.
    Rule::new(
        "rights",
        &[
            "permission",
            "permissions",
            "privilege",
            "privileges",
            "right",
            "rights",
            "authority",
        ],
        &[
            "insufficient",
            "enough",
            "lack",
            "lacks",
            "missing",
            "required",
        ],
        3,
    )
    .in_codes(),
    // DocuSign: USER_LACKS_MEMBERSHIP.
    Rule::new("rights", &["membership"], &["lacks"], 3).in_codes(),
    // Azure API Management: "missing subscription key". WSO2: "The subscription to the API is inactive".
    Rule::new(
        "subscription",
        &["subscription", "subscribed"],
        &[
            "no",
            "not",
            "active",
            "inactive",
            "invalid",
            "expired",
            "ended",
            "suspended",
            "blocked",
            "required",
            "requires",
            "needed",
            "missing",
        ],
        3,
    ),
    Rule::new(
        "quota",
        &["quota", "limit", "credits"],
        &[
            "exceeded",
            "exhausted",
            "reached",
            "violation",
            "insufficient",
        ],
        3,
    ),
    Rule::new("quota", &["throttled", "throttling"], &[], 0),
    Rule::new("quota", &["spike"], &["arrest"], 1),
    Rule::new("quota", &["too"], &["many"], 1),
    // Kong: "No API key found in request". Twitch: "Client ID is missing". An invalid key may be the token, which some servers
    // call an API key.
    Rule::new(
        "api key",
        &["apikey", "appkey", "clientid"],
        &["no", "missing", "required", "resolve"],
        2,
    ),
    // IBM API Connect: "Client id not registered", "Invalid client id or secret".
    Rule::new("api key", &["clientid"], &["not"], 2),
    Rule::new("api key", &["clientid"], &["invalid"], 1),
    // Apigee: InvalidAPICallAsNoApiProductMatchFound.
    Rule::new("api product", &["product", "apiproduct"], &["match"], 1),
    Rule::new(
        "licence",
        &["trial", "license", "licence", "plan"],
        &[
            "expired",
            "ended",
            "required",
            "upgrade",
            "compliant",
            "restricted",
        ],
        3,
    ),
    Rule::new("payment", &["payment"], &["required"], 1),
    // Brevo: "unrecognised IP address".
    Rule::new(
        "address",
        &["ip"],
        &[
            "allowed",
            "whitelisted",
            "unrecognised",
            "unrecognized",
            "restricted",
            "blocked",
        ],
        3,
    ),
    // Berlin Group: CERTIFICATE_EXPIRED, CONSENT_INVALID.
    Rule::new(
        "certificate",
        &["certificate"],
        &[
            "invalid", "expired", "missing", "required", "revoked", "blocked",
        ],
        2,
    ),
    Rule::new(
        "consent",
        &["consent"],
        &["invalid", "expired", "required", "unknown", "missing"],
        2,
    )
    .in_codes(),
    // Akamai: "Invalid timestamp". Oracle: "The time difference between the request Date header and the server clock is too large".
    Rule::new("clock", &["timestamp"], &["invalid", "request"], 2),
    Rule::new("clock", &["clock"], &["difference", "large"], 4),
    Rule::new("signature", &["signature"], &["request"], 1),
    // GitLab: "DPoP validation error: Missing DPoP header".
    Rule::new("proof", &["dpop"], &["missing", "invalid", "error"], 3),
    // ASP.NET: "The audience 'x' is invalid". Azure: "wrong issuer". Keycloak, if the token was issued under another host name:
    // "Invalid token issuer". Spring: "The iss claim is not valid".
    Rule::new(
        "audience",
        &["audience", "audiences", "aud", "issuer", "iss"],
        &[
            "invalid", "wrong", "bad", "mismatch", "match", "missing", "not",
        ],
        4,
    )
    .explaining(),
];
