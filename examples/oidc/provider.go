// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// A provider stands in for SPID or CIE, by their common rules for OpenID
// Connect: code flow with PKCE, subjects that no other host knows. It leaves
// out what is between institutions (federation, signed requests, clients known
// by their keys, encryption), and tells attributes in the id_token, as CIE may;
// SPID does so only at an endpoint of its own.
type provider struct {
	key, name, issuer          string
	client, secret, redirectTo string // the host that it trusts
	now                        func() time.Time
	signer                     jose.Signer
	public                     jose.JSONWebKeySet
	pairwise                   string // secret that subjects are made with

	mu    sync.Mutex
	codes map[string]grant
}

// A grant is what somebody lets a client know of them.
type grant struct {
	as               choice
	nonce, challenge string
	ends             time.Time
}

const (
	codeTime  = time.Minute
	tokenTime = 5 * time.Minute
)

// newProvider returns a provider at base/key, for the host at origin.
func newProvider(base, key, name, origin string, now func() time.Time) (*provider, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	web := jose.JSONWebKey{Key: private, KeyID: rand.Text(), Algorithm: string(jose.RS256), Use: "sig"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: web}, nil)
	return &provider{
		key: key, name: name, issuer: base + "/" + key, now: now,
		client: origin, secret: rand.Text(), redirectTo: origin + "/callback/" + key,
		signer: signer, public: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{web.Public()}}, pairwise: rand.Text(), codes: map[string]grant{},
	}, err
}

func (p *provider) handle(mux *http.ServeMux) {
	mux.HandleFunc("GET /"+p.key+"/.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /"+p.key+"/jwks", func(w http.ResponseWriter, _ *http.Request) { tell(w, http.StatusOK, p.public) })
	mux.HandleFunc("GET /"+p.key+"/authorize", p.authorize)
	mux.HandleFunc("POST /"+p.key+"/authorize", p.authorize)
	mux.HandleFunc("POST /"+p.key+"/token", p.token)
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	tell(w, http.StatusOK, map[string]any{
		"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token", "jwks_uri": p.issuer + "/jwks",
		"scopes_supported": []string{"openid", "profile", "email"}, "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"pairwise"}, "acr_values_supported": acr[1:], "code_challenge_methods_supported": []string{"S256"},
		"id_token_signing_alg_values_supported": []string{string(jose.RS256)}, "token_endpoint_auth_methods_supported": []string{"client_secret_basic"},
		"authorization_response_iss_parameter_supported": true,
	})
}

// authorize asks who somebody is, and takes the answer.
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("client_id") != p.client || r.FormValue("redirect_uri") != p.redirectTo {
		http.Error(w, "unknown client, or not its address", http.StatusBadRequest) // and led nowhere
		return
	}
	back := func(name, value string) {
		q := url.Values{name: {value}, "state": {r.FormValue("state")}, "iss": {p.issuer}}
		http.Redirect(w, r, p.redirectTo+"?"+q.Encode(), http.StatusSeeOther)
	}
	least, nonce, challenge := levelOf(r.FormValue("acr_values")), r.FormValue("nonce"), r.FormValue("code_challenge")
	if r.FormValue("response_type") != "code" || !slices.Contains(strings.Fields(r.FormValue("scope")), "openid") || least == 0 ||
		r.FormValue("code_challenge_method") != "S256" || len(challenge) != 43 || len(r.FormValue("state")) < 32 || len(nonce) < 32 {
		back("error", "invalid_request")
		return
	}
	sure := slices.DeleteFunc(slices.Clone(choices[p.key]), func(c choice) bool { return c.Level < least })
	if r.Method != http.MethodPost {
		_ = show(w, http.StatusOK, "choose", map[string]any{"Name": p.name, "Choices": sure})
		return
	}
	i := slices.IndexFunc(sure, func(c choice) bool { return c.Value() == r.FormValue("as") })
	if i < 0 {
		back("error", "access_denied")
		return
	}
	back("code", p.grant(grant{sure[i], nonce, challenge, p.now().Add(codeTime)}))
}

// grant keeps a grant and returns its code. What is over is forgotten.
func (p *provider) grant(g grant) (code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.codes, func(_ string, g grant) bool { return !p.now().Before(g.ends) })
	code = rand.Text()
	p.codes[code] = g
	return code
}

// redeem returns the grant of a code, which is then good for nothing, whatever
// comes of it.
func (p *provider) redeem(code, verifier string) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.codes[code]
	delete(p.codes, code)
	return g, ok && p.now().Before(g.ends) && equal(hashOf(verifier, 32), g.challenge)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if id, err := url.QueryUnescape(id); err != nil || id != p.client || !equal(secret, p.secret) {
		tell(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	g, ok := p.redeem(r.PostFormValue("code"), r.PostFormValue("code_verifier"))
	if !ok || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != p.redirectTo {
		tell(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	access, now := rand.Text(), p.now()
	signed, err := p.sign(map[string]any{
		"iss": p.issuer, "sub": p.subject(g.as.Person), "aud": p.client, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(tokenTime).Unix(),
		"jti": rand.Text(), "nonce": g.nonce, "at_hash": hashOf(access, 16), "acr": acr[g.as.Level],
		"given_name": g.as.Person.Given, "family_name": g.as.Person.Family, "email": g.as.Person.Email,
		"https://attributes.eid.gov.it/fiscal_number": g.as.Person.Fiscal,
	})
	if err != nil {
		tell(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	tell(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(tokenTime.Seconds()), "id_token": signed})
}

func (p *provider) sign(claims map[string]any) (string, error) {
	return jwt.Signed(p.signer).Claims(claims).Serialize()
}

// subject is what a person is called to this client and to no other.
func (p *provider) subject(who person) string { return hashOf(p.pairwise+who.ID, 32) }

// hashOf returns the first n bytes of a SHA-256, as PKCE and at_hash have it.
func hashOf(s string, n int) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:n])
}

func tell(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// equal compares secrets in the same time, wherever they differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
