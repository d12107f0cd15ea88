// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/internal/shared"
)

var (
	annaLow          = choice{anna, auth.LevelLow}
	annaSubstantial  = choice{anna, auth.LevelSubstantial}
	brunoLow         = choice{bruno, auth.LevelLow}
	brunoSubstantial = choice{bruno, auth.LevelSubstantial}
	brunoHigh        = choice{bruno, auth.LevelHigh}
)

func decode(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }

// Somebody who is new makes an account, is known the next time, and shows more
// of who they are when more is asked.
func TestFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	p := b.choose("spid", brunoLow)
	require.Equal(t, "/who", p.url.Path)
	require.Contains(t, p.body, "SPID dice che sei Bruno Prova.")
	require.NotContains(t, p.body, "codice fiscale")
	require.Empty(t, b.cookie(sessionCookie), "not in yet")
	p = b.post("/who/create", "name", "bruno.prova", "address", bruno.Email)
	require.Equal(t, http.StatusOK, p.status, p.body)
	b.has("bruno.prova", auth.LevelLow)
	require.Empty(t, b.cookie(strangerCookie))

	p = b.post("/topics", "title", "Cercasi colleghi", "body", "Per un corso.")
	require.Equal(t, http.StatusForbidden, p.status)
	require.Contains(t, p.body, "almeno SPID di livello 2")
	class := regexp.MustCompile(`name="acr" value="([^"]*)"`).FindStringSubmatch(p.body)[1]
	require.Equal(t, "https://www.spid.gov.it/SpidL2", class)
	asked := b.post("/sign-in/spid", "acr", class)
	require.NotContains(t, asked.body, "livello 1")
	require.NotContains(t, asked.body, carla.Given, "who cannot be known so surely")
	before := b.cookie(sessionCookie)
	b.post(asked.url.String(), "as", brunoSubstantial.Value())
	b.has("bruno.prova", auth.LevelSubstantial)
	require.NotEqual(t, before, b.cookie(sessionCookie), "another secret for more rights")
	old := w.browser()
	old.setCookie(sessionCookie, before)
	require.Contains(t, old.get("/").body, "Entra con SPID", "the old secret opens nothing")
	p = b.post("/topics", "title", "Cercasi colleghi", "body", "Per un corso.")
	require.Contains(t, p.body, "<li>Cercasi colleghi")

	b.choose("spid", brunoLow)
	b.has("bruno.prova", auth.LevelSubstantial)
	b.post("/sign-out")
	require.Contains(t, b.get("/").body, "Entra con SPID")
	b.choose("spid", brunoLow)
	b.has("bruno.prova", auth.LevelLow)
	require.Equal(t, 1, w.linked("bruno.prova"))

	// CIE tells the same fiscal code: a hint, and no more.
	other := w.browser()
	p = other.choose("cie", brunoHigh)
	require.Equal(t, "/who", p.url.Path)
	require.Contains(t, p.body, "C’è già un account di chi ha il tuo codice fiscale")
	require.Empty(t, other.cookie(sessionCookie))
}

// That a provider tells the address of an account is no reason to open it.
func TestEqualAddressLinksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	p := b.choose("spid", annaSubstantial)
	require.Contains(t, p.body, `value="`+anna.Email+`"`, "the address of the account that there is")
	require.Equal(t, "/who", p.url.Path)
	require.Zero(t, w.linked(w.sample))
	p = b.post("/who/create", "name", "anna.due", "address", anna.Email)
	require.Equal(t, http.StatusOK, p.status, "nor does it say that somebody has it")
	b.has("anna.due", auth.LevelSubstantial)
	require.Zero(t, w.linked(w.sample))
	x, err := w.c.Accounts.Export(t.Context(), w.user("anna.due"))
	require.NoError(t, err)
	require.False(t, x.Verified)
}

// An identity is linked by proof of both sides, and by neither alone.
func TestLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, prove := range map[string]func(b *browser) page{
		"neither":                   func(b *browser) page { return b.post("/who/link", "name", w.sample, "password", "") },
		"the account alone":         func(b *browser) page { return b.post("/who/link", "name", w.sample, "password", w.password) },
		"signed in, but that alone": func(b *browser) page { w.signIn(b); return b.post("/who/link") },
		"an identity that is made up": func(b *browser) page {
			b.setCookie(strangerCookie, "e30")
			return b.post("/who/link", "name", w.sample, "password", w.password)
		},
		"one of another cookie": func(b *browser) page {
			b.post("/sign-in/spid")
			b.setCookie(strangerCookie, b.cookie(flowCookie))
			return b.post("/who/link", "name", w.sample, "password", w.password)
		},
	} {
		b := w.browser()
		require.Equal(t, "/", prove(b).url.Path, name)
		require.Zero(t, w.linked(w.sample), name)
	}

	b := w.browser()
	b.choose("spid", annaSubstantial)
	for _, wrong := range [][2]string{{w.sample, "sbagliata"}, {"nessuno.qui", w.password}, {w.sample, ""}} {
		p := b.post("/who/link", "name", wrong[0], "password", wrong[1])
		require.Equal(t, http.StatusUnprocessableEntity, p.status)
		require.Contains(t, p.body, "Il nome o la password non sono giusti.")
	}
	require.Zero(t, w.linked(w.sample), "the identity alone")
	w.signIn(b)
	p := b.post("/who/link")
	require.Contains(t, p.body, "Il nome o la password non sono giusti.", "a session is no proof that it is its owner who asks now")
	require.Zero(t, w.linked(w.sample))

	taken := b.cookie(strangerCookie)
	p = b.post("/who/link", "name", w.sample, "password", w.password)
	require.Equal(t, http.StatusOK, p.status, p.body)
	b.has(w.sample, auth.LevelSubstantial)
	require.Equal(t, 1, w.linked(w.sample))
	b.post("/sign-out")
	b.choose("spid", annaLow)
	b.has(w.sample, auth.LevelLow)

	thief := w.browser()
	thief.setCookie(strangerCookie, taken)
	p = thief.post("/who/create", "name", "ladro")
	require.Contains(t, p.body, "È passato troppo tempo", "once")
	require.Empty(t, thief.cookie(sessionCookie))
	require.Equal(t, http.StatusBadRequest, func() int {
		thief.choose("spid", choice{carla, auth.LevelLow})
		return thief.post("/who/other").status
	}())
}

// What was shown is good for a while.
func TestTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.choose("spid", annaSubstantial)
	w.later(15 * time.Minute)
	p := b.post("/who/link", "name", w.sample, "password", w.password)
	require.Contains(t, p.body, "È passato troppo tempo")
	require.Zero(t, w.linked(w.sample))

	b = w.browser()
	answer := b.caught("spid", brunoLow)
	w.later(codeTime)
	b.out(b.get(answer.String()))
}

// A second factor is not walked around by linking.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := auth.Actor{User: w.user(w.sample)}
	e, err := w.c.Accounts.Enrol(t.Context(), who, account.Proof{Password: w.password})
	require.NoError(t, err)
	_, err = w.c.Accounts.Confirm(t.Context(), who, account.Proof{Password: w.password, Code: otp(t, e.Secret, w.Now())})
	require.NoError(t, err)
	b := w.browser()
	b.choose("spid", annaSubstantial)
	for _, p := range []page{b.post("/who/link", "name", w.sample, "password", w.password), w.signIn(b)} {
		require.Equal(t, http.StatusForbidden, p.status)
		require.Contains(t, p.body, "chiede anche un codice")
	}
	require.Zero(t, w.linked(w.sample))
	require.Empty(t, b.cookie(sessionCookie))
}

// otp is RFC 6238, as authenticators have it.
func otp(t *testing.T, secret string, at time.Time) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	require.NoError(t, err)
	mac := hmac.New(sha1.New, key)
	require.NoError(t, binary.Write(mac, binary.BigEndian, at.Unix()/30))
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1e6)
}

// What comes back to a browser is taken once, by the one that asked for it, and
// as it was asked for.
func TestAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	with := func(name, value string) func(*browser, *url.URL) {
		return func(_ *browser, u *url.URL) {
			q := u.Query()
			if q.Set(name, value); value == "" {
				q.Del(name)
			}
			u.RawQuery = q.Encode()
		}
	}
	for name, change := range map[string]func(*browser, *url.URL){
		"another state":         with("state", strings.Repeat("A", 52)),
		"no state":              with("state", ""),
		"another issuer":        with("iss", "https://evil.example"),
		"no issuer":             with("iss", ""),
		"another code":          with("code", "altro"),
		"no code":               with("code", ""),
		"an error":              with("error", "access_denied"),
		"without its cookie":    func(b *browser, _ *url.URL) { b.setCookie(flowCookie, "") },
		"with a made up cookie": func(b *browser, _ *url.URL) { b.setCookie(flowCookie, "e30") },
		"with another flow's":   func(b *browser, _ *url.URL) { b.post("/sign-in/spid") },
		"with somebody else's": func(b *browser, _ *url.URL) {
			x := w.browser()
			x.post("/sign-in/spid")
			b.setCookie(flowCookie, x.cookie(flowCookie))
		},
		"at another door":           func(_ *browser, u *url.URL) { u.Path = "/callback/cie" },
		"at a door that is none":    func(_ *browser, u *url.URL) { u.Path = "/callback/altro" },
		"after another has used it": func(_ *browser, u *url.URL) { w.providers["spid"].redeem(u.Query().Get("code"), "") },
	} {
		b := w.browser()
		u := b.caught("spid", annaLow)
		change(b, u)
		p := b.get(u.String())
		require.Equal(t, http.StatusBadRequest, p.status, name)
		b.out(p)
	}
}

// A code that was used opens nothing to whoever has seen it, not even with the
// cookie.
func TestReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	answer := b.caught("spid", brunoLow)
	flow := b.cookie(flowCookie)
	require.Equal(t, "/who", b.get(answer.String()).url.Path)
	require.Empty(t, b.cookie(flowCookie))
	for _, cookie := range []string{"", flow} {
		thief := w.browser()
		thief.setCookie(flowCookie, cookie)
		thief.out(thief.get(answer.String()))
	}
}

// The id_token is taken only as the provider signed it, for this host, this
// flow and this moment.
func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spid, cie := w.providers["spid"], w.providers["cie"]
	claims := func(claims map[string]any) func() { return func() { w.forge(spid, claims) } }
	token := func(change func(string) any) func() {
		return func() {
			w.between(func(answer map[string]any) { answer["id_token"] = change(answer["id_token"].(string)) })
		}
	}
	part := func(v any) string {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for name, attack := range map[string]func(){
		"another nonce":      claims(map[string]any{"nonce": strings.Repeat("A", 52)}),
		"no nonce":           claims(map[string]any{"nonce": nil}),
		"another issuer":     claims(map[string]any{"iss": cie.issuer}),
		"no issuer":          claims(map[string]any{"iss": nil}),
		"another audience":   claims(map[string]any{"aud": "https://altro.example"}),
		"others as well":     claims(map[string]any{"aud": []string{spid.client, "https://altro.example"}}),
		"no audience":        claims(map[string]any{"aud": nil}),
		"expired":            claims(map[string]any{"exp": w.Now().Add(-time.Second).Unix()}),
		"without end":        claims(map[string]any{"exp": nil}),
		"not yet":            claims(map[string]any{"nbf": w.Now().Add(time.Hour).Unix()}),
		"another's token":    claims(map[string]any{"at_hash": hashOf("altro", 16)}),
		"no at_hash":         claims(map[string]any{"at_hash": nil}),
		"no level":           claims(map[string]any{"acr": nil}),
		"an unknown level":   claims(map[string]any{"acr": "https://www.spid.gov.it/SpidL4"}),
		"a level's prefix":   claims(map[string]any{"acr": "https://www.spid.gov.it/SpidL"}),
		"nobody":             claims(map[string]any{"sub": nil}),
		"nobody in words":    claims(map[string]any{"sub": ""}),
		"NUL":                claims(map[string]any{"sub": "a\x00b"}),
		"a long subject":     claims(map[string]any{"sub": strings.Repeat("x", account.MaxIssuer+1)}),
		"a name of no words": claims(map[string]any{"given_name": map[string]any{"a": 1}}),
		"signed by the other door": func() {
			w.between(func(answer map[string]any) {
				answer["id_token"], _ = cie.sign(claimsOf(t, answer["id_token"].(string)))
			})
		},
		"none": token(func(s string) any {
			return part(map[string]string{"alg": "none"}) + "." + strings.Split(s, ".")[1] + "."
		}),
		"none, signed": token(func(s string) any {
			parts := strings.Split(s, ".")
			return part(map[string]string{"alg": "None"}) + "." + parts[1] + "." + parts[2]
		}),
		"the public key as a secret": token(func(s string) any {
			head := part(map[string]string{"alg": "HS256", "kid": spid.public.Keys[0].KeyID})
			der, err := x509.MarshalPKIXPublicKey(spid.public.Keys[0].Key.(*rsa.PublicKey))
			if err != nil {
				t.Error(err)
			}
			mac := hmac.New(sha256.New, der)
			body := head + "." + strings.Split(s, ".")[1]
			mac.Write([]byte(body))
			return body + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		}),
		"changed after signing": token(func(s string) any {
			parts, is := strings.Split(s, "."), claimsOf(t, s)
			is["acr"] = acr[auth.LevelHigh]
			return parts[0] + "." + part(is) + "." + parts[2]
		}),
		"cut":    token(func(s string) any { return s[:len(s)-4] }),
		"absent": token(func(string) any { return nil }),
		"a list": token(func(s string) any { return []string{s} }),
	} {
		attack()
		b := w.browser()
		p := b.choose("spid", annaLow)
		require.Equal(t, http.StatusBadRequest, p.status, "%s: %s", name, p.url)
		b.out(p)
	}
	w.between(func(map[string]any) {})
	require.Equal(t, "/who", w.browser().choose("spid", annaLow).url.Path, "and else it is")
}

// In the manner of S42: what was begun at one door is ended by no answer of
// another's, whatever it says of itself.
func TestMixUp_S42(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, attacker := w.browser(), w.browser()
	theirs := attacker.caught("spid", brunoLow)
	for name, change := range map[string]func(q url.Values){
		"as it is":                 func(url.Values) {},
		"with the state asked for": func(q url.Values) { q.Del("iss") },
		"and the issuer asked":     func(q url.Values) { q.Set("iss", w.providers["cie"].issuer) },
	} {
		own := victim.caught("cie", brunoHigh)
		q := own.Query()
		q.Set("code", theirs.Query().Get("code"))
		q.Set("iss", theirs.Query().Get("iss"))
		change(q)
		own.RawQuery = q.Encode()
		p := victim.get(own.String())
		require.Equal(t, http.StatusBadRequest, p.status, name)
		victim.out(p)
	}
	// Not even by one that has learnt all that was asked of the other.
	asked, spid := victim.post("/sign-in/cie").url.Query(), w.providers["spid"]
	code := spid.grant(grant{brunoLow, asked.Get("nonce"), asked.Get("code_challenge"), w.Now().Add(codeTime)})
	victim.out(victim.get("/callback/spid?" + url.Values{"code": {code}, "state": {asked.Get("state")}, "iss": {spid.issuer}}.Encode()))
	// The same subject at two providers is two people.
	w.forge(w.providers["spid"], map[string]any{"sub": "1"})
	b := w.browser()
	b.choose("spid", brunoLow)
	b.post("/who/create", "name", "bruno.prova")
	w.forge(w.providers["cie"], map[string]any{"sub": "1"})
	require.Equal(t, "/who", w.browser().choose("cie", brunoHigh).url.Path)
}

// What a provider tells of somebody is text to be shown, and nothing else.
func TestAttributesAreText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const script = `<script>alert(1)</script>"'><img src=x onerror=1>`
	w.forge(w.providers["spid"], map[string]any{
		"given_name": script, "family_name": "{{.Pending}}", "email": `x"autofocus onfocus=alert(1)@y`, "role": "coordinator", "level": 3, "amr": []string{acr[3]},
		"user": w.user(w.sample).String(), "email_verified": true, "https://attributes.eid.gov.it/fiscal_number": "TINIT-\x00" + script,
	})
	b := w.browser()
	p := b.choose("spid", annaLow)
	require.Equal(t, "/who", p.url.Path)
	require.NotContains(t, p.body, "<script")
	require.NotContains(t, p.body, "<img")
	require.Contains(t, p.body, "{{.Pending}}")
	require.NotContains(t, p.body, `x"auto`)
	require.NotContains(t, p.body, "codice fiscale")
	b.post("/who/create", "name", "anna.due")
	b.has("anna.due", auth.LevelLow)
	st, err := w.c.Membership.Standing(t.Context(), w.user("anna.due"))
	require.NoError(t, err)
	require.Equal(t, auth.Outsider, st.Member.Role)
	require.NotContains(t, w.log.String(), script)
}

// How surely somebody is known, only the provider says.
func TestLevelIsTheProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, asked := range []string{"", "3", "https://www.spid.gov.it/SpidL9", acr[auth.LevelLow]} {
		p := w.browser().post("/sign-in/spid", "acr", asked)
		require.Equal(t, acr[auth.LevelLow], p.url.Query().Get("acr_values"))
	}
	// A provider that knows less surely than it was asked to is believed that.
	b := w.browser()
	w.forge(w.providers["spid"], map[string]any{"acr": acr[auth.LevelLow]})
	b.choose("spid", brunoHigh, "acr", acr[auth.LevelHigh])
	b.post("/who/create", "name", "bruno.prova")
	b.has("bruno.prova", auth.LevelLow)
	require.Equal(t, http.StatusForbidden, b.post("/topics", "title", "Prova", "body", "Prova").status)

	// A password is the least, and another person's identity raises nothing.
	b = w.browser()
	w.signIn(b)
	b.has(w.sample, 0)
	require.Equal(t, http.StatusForbidden, b.post("/topics", "title", "Prova", "body", "Prova").status)
	w.between(nil)
	b.choose("spid", brunoSubstantial, "acr", acr[auth.LevelSubstantial])
	b.has("bruno.prova", auth.LevelSubstantial)
	require.Zero(t, w.linked(w.sample))

	// A visitor is asked to sign in.
	p := w.browser().post("/topics", "title", "Prova", "body", "Prova")
	require.Equal(t, http.StatusForbidden, p.status)
}

// S46: no address of a request is followed.
func TestNoOpenRedirect_S46(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	payloads := []string{"https://evil.example/", "//evil.example", `/\evil.example`, "http://localhost@evil.example", "/\t/evil.example"}
	lines := bufio.NewScanner(shared.Open(t, "corpora/url/redirect_payloads.jsonl"))
	for lines.Scan() {
		var p struct {
			U string `json:"u"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &p))
		payloads = append(payloads, p.U)
	}
	require.NoError(t, lines.Err())
	require.Greater(t, len(payloads), 100)
	b := w.browser()
	b.stop = func(*url.URL) bool { return true }
	spid := w.providers["spid"]
	own := []string{"/", "/who", spid.issuer + "/authorize"}
	for _, u := range payloads {
		form := []string{"next", u, "return_to", u, "redirect_uri", u, "url", u, "acr", u}
		query := url.Values{"next": {u}, "return_to": {u}, "redirect_uri": {u}, "state": {u}, "iss": {u}, "code": {u}}.Encode()
		for _, p := range []page{
			b.post("/sign-in/spid?"+query, form...), b.post("/sign-out?"+query, form...), b.get("/callback/spid?" + query), b.get("/who?" + query),
			b.get(spid.issuer + "/authorize?client_id=" + url.QueryEscape(spid.client) + "&" + query),
			b.post(spid.issuer+"/authorize?client_id="+url.QueryEscape(spid.client)+"&"+query, "as", annaLow.Value()),
			b.post("/sign-in/" + url.PathEscape(u)),
		} {
			to, _, _ := strings.Cut(p.header.Get("Location"), "?")
			if p.status/100 == 3 {
				require.Contains(t, own, to, u)
				require.NotContains(t, p.header.Get("Location"), "evil")
			} else {
				require.Empty(t, to, u)
			}
		}
	}
}

// The provider tells a host only what it asked for in the right way.
func TestProviderAsksForAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	whole := b.post("/sign-in/spid").url
	b.stop = func(*url.URL) bool { return true }
	for name, value := range map[string]string{
		"response_type": "token", "scope": "profile", "code_challenge_method": "plain", "code_challenge": "", "state": "corto", "nonce": "corto", "acr_values": "altro",
	} {
		q := whole.Query()
		q.Set(name, value)
		for _, p := range []page{b.get(w.providers["spid"].issuer + "/authorize?" + q.Encode()), b.post(w.providers["spid"].issuer+"/authorize?"+q.Encode(), "as", annaLow.Value())} {
			require.Equal(t, http.StatusSeeOther, p.status)
			require.Contains(t, p.header.Get("Location"), "error=invalid_request", name)
			require.NotContains(t, p.header.Get("Location"), "code=", name)
		}
	}
	for name, as := range map[string]string{"nobody": "", "somebody else": "dario 1", "surer than she is": choice{anna, auth.LevelHigh}.Value()} {
		p := b.post(whole.String(), "as", as)
		require.Contains(t, p.header.Get("Location"), "error=access_denied", name)
	}
	// The secret, the address and the proof of who asked.
	spid := w.providers["spid"]
	for name, c := range map[string]struct {
		id, secret, verifier, redirect string
		want                           int
	}{
		"all":             {spid.client, spid.secret, "v", spid.redirectTo, http.StatusOK},
		"another client":  {"altro", spid.secret, "v", spid.redirectTo, http.StatusUnauthorized},
		"another secret":  {spid.client, "altro", "v", spid.redirectTo, http.StatusUnauthorized},
		"no secret":       {spid.client, "", "v", spid.redirectTo, http.StatusUnauthorized},
		"another proof":   {spid.client, spid.secret, "w", spid.redirectTo, http.StatusBadRequest},
		"no proof":        {spid.client, spid.secret, "", spid.redirectTo, http.StatusBadRequest},
		"another address": {spid.client, spid.secret, "v", "https://evil.example", http.StatusBadRequest},
	} {
		code := spid.grant(grant{annaLow, "n", hashOf("v", 32), w.Now().Add(codeTime)})
		ask := func() int {
			form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {c.verifier}, "redirect_uri": {c.redirect}}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, spid.issuer+"/token", strings.NewReader(form.Encode()))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.SetBasicAuth(url.QueryEscape(c.id), c.secret)
			res, err := b.client.Do(r)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			return res.StatusCode
		}
		require.Equal(t, c.want, ask(), name)
		if c.want != http.StatusUnauthorized {
			require.Equal(t, http.StatusBadRequest, ask(), "%s: once", name)
		}
	}
}

// Pages are of use to their own site alone, and cookies to no script.
func TestPagesAndCookies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	for _, p := range []page{b.get("/"), b.get(w.providers["cie"].issuer + "/authorize"), b.get("/nulla")} {
		require.Contains(t, p.header.Get("Content-Security-Policy"), "default-src 'none'")
		require.Equal(t, "no-store", p.header.Get("Cache-Control"))
		require.NotContains(t, p.body, "<script")
	}
	b.stop = func(*url.URL) bool { return true }
	for _, p := range []page{b.post("/sign-in/spid"), w.signIn(b)} {
		for _, c := range (&http.Response{Header: p.header}).Cookies() {
			require.True(t, c.HttpOnly, c.Name)
			require.Equal(t, http.SameSiteLaxMode, c.SameSite)
			require.Equal(t, "/", c.Path)
			require.Empty(t, c.Domain)
			require.Positive(t, c.MaxAge)
			require.NotContains(t, c.Value, w.sample)
		}
	}
	// Another site's forms are refused, also by the provider.
	for _, address := range []string{w.origin + "/sign-in/spid", w.origin + "/sign-in", w.origin + "/sign-out", w.origin + "/who/link", w.origin + "/topics", w.providers["spid"].issuer + "/authorize"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, nil)
		require.NoError(t, err)
		r.Header.Set("Origin", "https://evil.example")
		res, err := b.client.Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusForbidden, res.StatusCode, address)
	}
	require.NotEmpty(t, b.cookie(sessionCookie), "still in")
}

// No sample is anybody's: no month is a Z. All can be told apart.
func TestPeopleAreInvented(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`^TINIT-[A-Z]{6}[0-9]{2}Z[0-9]{2}[A-Z][0-9]{3}[A-Z]$`)
	seen := map[string]bool{}
	for provider, all := range choices {
		for _, c := range all {
			require.Regexp(t, code, c.Person.Fiscal)
			require.True(t, strings.HasSuffix(c.Person.Email, ".example"))
			require.False(t, seen[provider+c.Value()])
			seen[provider+c.Value()] = true
			require.NotEmpty(t, acr[c.Level])
			require.Equal(t, c.Level, levelOf("altro "+acr[c.Level]+" "+acr[1]))
		}
	}
	require.Zero(t, levelOf(""))
}

// The program says where it is, and ends when it is told to.
func TestRun(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	said, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-port", "0"}, in, io.Discard) }()
	lines := bufio.NewReader(said)
	address, err := lines.ReadString('\n')
	require.NoError(t, err)
	account, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Regexp(t, `anna, password \S{26}\n$`, account)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSpace(address), nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Contains(t, string(body), "Entra con CIE")
	stop()
	require.NoError(t, <-ended)
	require.Error(t, run(t.Context(), []string{"-x"}, io.Discard, io.Discard))
	require.Error(t, run(t.Context(), []string{"-port", "-1"}, io.Discard, io.Discard))
}
