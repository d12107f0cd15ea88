// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/copis-it/copis/auth"
	"github.com/copis-it/copis/auth/account"
	"github.com/copis-it/copis/community/membership"
)

// otherPassword is another good one.
const otherPassword = "nave bottone cielo undici"

// signUp has somebody sign up in a browser of their own.
func (s *stage) signUp(name string) *browser {
	s.t.Helper()
	b := s.browser("")
	b.post("/sign-up", "name", name, "address", name+"@example.net", "password", testPassword, "agree-terms", sampleTerms[0].Edition).is(http.StatusSeeOther)
	return b
}

// link returns the address in the last letter of a kind, below the base path.
func (s *stage) link(kind account.MessageKind) string {
	s.t.Helper()
	for _, n := range s.post.take() {
		if n.Kind == kind {
			at := regexp.MustCompile(`http://portale\.example(/\S+)`).FindStringSubmatch(s.p.letter(n).Text)
			return at[1]
		}
	}
	s.t.Fatalf("nothing of kind %d was sent", kind)
	return ""
}

// totp is the code of an authenticator app.
func totp(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

var secretOnPage = regexp.MustCompile(`<pre class="secret" tabindex="0">([^<]*)</pre>`)

// withFactor sets up a second factor, and returns its secret and the recovery
// codes.
func (s *stage) withFactor(b *browser) (secret string, codes []string) {
	s.t.Helper()
	page := b.post("/account/factor", "current", testPassword).is(http.StatusOK)
	checkPage(s.t, page)
	secret = secretOnPage.FindStringSubmatch(page.body)[1]
	page = b.post("/account/factor/confirm", "otp", totp(s.t, secret, s.clock())).is(http.StatusOK)
	checkPage(s.t, page)
	for _, m := range regexp.MustCompile(`<code>([A-Z2-7-]+)</code>`).FindAllStringSubmatch(page.body, -1) {
		codes = append(codes, m[1])
	}
	s.pass(time.Minute) // to another code
	return secret, codes
}

// Somebody makes an account, and proves that the address is theirs.
func TestSignUp(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("")
	checkPage(t, b.get("/sign-up").is(http.StatusOK).has(`autocomplete="username"`, `autocomplete="new-password"`, `autocomplete="email"`, "Almeno 15 caratteri"))
	good := map[string]string{"name": "livia.monti", "address": "livia@example.net", "password": testPassword, "agree-terms": sampleTerms[0].Edition}
	for _, c := range []struct{ field, value, want string }{
		{"name", "", "Non può essere vuoto."}, {"name", "li", "servono almeno 3 caratteri"}, {"name", "admin", "chi gestisce la comunità"},
		{"name", "marta.co1onna", "È già in uso"}, {"name", "lìviа", "Mescola alfabeti"}, {"name", "livia monti", "non si può leggere"},
		{"address", "", "Non può essere vuoto."}, {"address", "livia@", "non si può leggere"},
		{"password", "troppo breve", "servono almeno 15 caratteri"}, {"password", "aaaaaaaaaaaaaaaaaaaa", "È facile da indovinare"},
		{"password", "livia.monti2026", "È facile da indovinare"}, {"agree-terms", "1999-01", "devi accettare"}, {"agree-terms", "", "devi accettare"},
	} {
		var form []string
		for name, value := range good {
			if name == c.field {
				value = c.value
			}
			form = append(form, name, value)
		}
		a := b.post("/sign-up", form...).is(http.StatusUnprocessableEntity).has(c.want).hasNot(testPassword)
		checkPage(t, a)
		if c.field != "name" && a.value("name") != "livia.monti" || a.value("password") != "" {
			t.Errorf("%s: the form holds %q and %q", c.field, a.value("name"), a.value("password"))
		}
		if c.field != "agree-terms" {
			a.has(`aria-invalid="true"`)
		}
	}
	if sent := s.post.take(); len(sent) > 0 {
		t.Errorf("%d letters for nobody", len(sent))
	}
	b.follow(b.post("/sign-up", "name", "livia.monti", "address", "livia@example.net", "password", testPassword, "agree-terms", sampleTerms[0].Edition).is(http.StatusSeeOther)).
		is(http.StatusOK).has("L’account è pronto", "livia.monti, visitatore", "Da confermare")
	link := s.link(account.SendVerify)
	if a := s.browser("").get(link).is(http.StatusSeeOther); a.to() != "/sign-in?next="+url.QueryEscape(link) || a.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("a visitor is led to %s", a.to())
	}
	for range 2 { // opening it does nothing yet
		a := b.get(link).is(http.StatusOK)
		checkPage(t, a)
		if got := a.header.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("Referrer-Policy %q", got)
		}
	}
	b.get("/account").has("Da confermare")
	token := b.get(link).value("token")
	b.follow(b.post("/verify", "token", token)).is(http.StatusOK).has("L’indirizzo è confermato.").hasNot("Da confermare")
	checkPage(t, b.post("/verify", "token", token).is(http.StatusGone).has("non è più valido").hasNot(token))
	b.post("/verify").is(http.StatusGone)

	// By the address too, once it is proved.
	s.browser("").post("/sign-in", "name", "LIVIA@example.net", "password", testPassword).is(http.StatusSeeOther)

	// Another link can be asked for.
	c := s.signUp("nino.sala")
	first := s.link(account.SendVerify)
	c.follow(c.post("/account/address/verify")).has("Ti abbiamo scritto di nuovo.")
	c.post("/verify", "token", c.get(first).value("token")).is(http.StatusGone)
	c.post("/verify", "token", c.get(s.link(account.SendVerify)).value("token")).is(http.StatusSeeOther)
}

// S38: neither what is answered nor how tells who has an account, and only the
// owner of an address is told that somebody has it.
func TestEnumeration(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if err := s.p.c.Accounts.Disable(t.Context(), s.actor("marta.colonna"), s.actor("osvaldo.renzi").User); err != nil {
		t.Fatal(err)
	}
	same := func(what string, one, other *shown, differ ...string) {
		t.Helper()
		a, b := one.body, other.body
		for i := 0; i+1 < len(differ); i += 2 {
			a = strings.ReplaceAll(a, differ[i], differ[i+1])
		}
		if one.status != other.status || a != b || one.to() != other.to() || fmt.Sprint(one.header) != fmt.Sprint(other.header) {
			t.Errorf("%s: %d and %d, %s and %s", what, one.status, other.status, one.to(), other.to())
		}
	}
	unknown := s.browser("").post("/sign-in", "name", "nessun.altro", "password", testPassword).is(http.StatusUnprocessableEntity)
	wrong := s.browser("").post("/sign-in", "name", "tecla.bassani", "password", otherPassword)
	disabled := s.browser("").post("/sign-in", "name", "osvaldo.renzi", "password", testPassword)
	same("wrong password", wrong, unknown, "tecla.bassani", "nessun.altro")
	same("disabled", disabled, unknown, "osvaldo.renzi", "nessun.altro")

	absent := s.browser("").post("/forgot", "address", "nessuno@example.net").is(http.StatusSeeOther)
	if sent := s.post.take(); len(sent) > 0 {
		t.Errorf("sent for an address that nobody has: %v", sent[0].Kind)
	}
	present := s.browser("").post("/forgot", "address", "tecla.bassani@example.org")
	same("forgotten password", present, absent)
	if sent := s.post.take(); len(sent) != 1 || sent[0].Kind != account.SendReset || sent[0].To != "tecla.bassani@example.org" {
		t.Errorf("sent %v", sent)
	}

	// Signing up: the answer is the same, the mail is not.
	up := func(name, address string) *shown {
		b := s.browser("")
		a := b.post("/sign-up", "name", name, "address", address, "password", testPassword, "agree-terms", sampleTerms[0].Edition).is(http.StatusSeeOther)
		a.header.Del("Set-Cookie")
		return a
	}
	same("sign-up", up("prima.nuova", "tecla.bassani@example.org"), up("seconda.nuova", "nuova@example.net"))
	sent := s.post.take()
	if len(sent) != 2 || sent[0].Kind != account.SendTaken || sent[0].Name != "tecla.\u2060bassani" || sent[0].Secret != "" || sent[1].Kind != account.SendVerify {
		t.Errorf("sent %v", sent)
	}

	// So it is when an address is changed.
	b := s.signUp("terza.nuova")
	s.post.take()
	taken := b.post("/account/address", "address", "tecla.bassani@example.org", "current", testPassword).is(http.StatusSeeOther)
	same("change of address", taken, b.post("/account/address", "address", "libera@example.net", "current", testPassword))
}

// S39: after a few wrong passwords everybody waits, also who has the right one,
// and nothing tells who that is. It is never for ever.
func TestThrottle(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	answers := map[string]string{}
	for _, name := range []string{"tecla.bassani", "nessun.altro"} {
		b := s.browser("")
		b.addr = "192.0.2.77:1"
		for range 5 {
			b.post("/sign-in", "name", name, "password", otherPassword).is(http.StatusUnprocessableEntity)
		}
		a := b.post("/sign-in", "name", name, "password", testPassword).is(http.StatusTooManyRequests).has("Aspetta 1 secondo.").hasNot(testPassword)
		checkPage(t, a)
		if a.header.Get("Retry-After") != "1" || a.value("name") != name {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
		answers[strings.ReplaceAll(a.body, name, "NAME")] = name
	}
	if len(answers) != 1 {
		t.Error("the answers differ")
	}
	s.pass(time.Second)
	s.browser("tecla.bassani").get("/").has("Tecla Bassani, membro")

	// Long waits are told in minutes.
	for range 12 {
		s.pass(time.Hour)
		b := s.browser("")
		if a := b.post("/sign-in", "name", "dario.pellegri", "password", otherPassword); a.status != http.StatusUnprocessableEntity {
			t.Fatalf("status %d", a.status)
		}
	}
	s.browser("").post("/sign-in", "name", "dario.pellegri", "password", testPassword).is(http.StatusTooManyRequests).has("minuti.")
}

// S40: whoever signs in gets a session that nobody had before, and a new
// password or a disabled account ends what there is.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("")
	b.cookies[sessionCookie] = "fixed-by-somebody-else"
	b.post("/sign-in", "name", "tecla.bassani", "password", testPassword).is(http.StatusSeeOther)
	if b.cookies[sessionCookie] == "fixed-by-somebody-else" {
		t.Fatal("the session was fixed")
	}
	other := s.browser("tecla.bassani")
	secret, _, err := s.p.c.Sessions.Issue(t.Context(), s.actor("tecla.bassani"), tokenFor(s))
	if err != nil {
		t.Fatal(err)
	}
	old := b.cookies[sessionCookie]
	b.post("/account/password", "current", "sbagliata", "password", otherPassword).is(http.StatusUnprocessableEntity).has("La password attuale non è corretta.").hasNot("sbagliata", otherPassword)
	b.post("/account/password", "current", testPassword, "password", "corta").is(http.StatusUnprocessableEntity).has("servono almeno 15")
	other.get("/").has("Tecla Bassani, membro")
	b.follow(b.post("/account/password", "current", testPassword, "password", otherPassword)).is(http.StatusOK).has("La password è cambiata.", "Tecla Bassani, membro")
	if b.cookies[sessionCookie] == old {
		t.Error("the secret stayed")
	}
	thief := s.browser("")
	thief.cookies[sessionCookie] = old
	thief.get("/").hasNot("Tecla Bassani, membro")
	other.get("/").hasNot("Tecla Bassani, membro")
	feed := s.browser("")
	feed.header.Set("Authorization", "Bearer "+secret)
	feed.get("/boards/" + s.board("Finanza di impatto").ID.String() + "/feed.atom").is(http.StatusUnauthorized)
	if sent := s.post.take(); len(sent) != 1 || sent[0].Kind != account.SendPassword {
		t.Errorf("sent %v", sent)
	}
	s.browser("").post("/sign-in", "name", "tecla.bassani", "password", testPassword).is(http.StatusUnprocessableEntity)
	if err := s.p.c.Accounts.Disable(t.Context(), s.actor("marta.colonna"), s.actor("tecla.bassani").User); err != nil {
		t.Fatal(err)
	}
	b.get("/").hasNot("Tecla Bassani, membro")

	// The list of sessions.
	one, two := s.browser(""), s.browser("")
	one.header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	two.header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0")
	for _, x := range []*browser{one, two} {
		x.post("/sign-in", "name", "fulvia.sanna", "password", testPassword).is(http.StatusSeeOther)
	}
	page := one.get("/account/sessions").is(http.StatusOK).has("Firefox, Linux", "Edge, Windows", "Questa sessione", "Termina le altre")
	checkPage(t, page)
	one.post("/account/sessions", "session", "nonsense").is(http.StatusBadRequest)
	s.browser("dario.pellegri").post("/account/sessions", "session", buttonOf(t, page, "session")).is(http.StatusNotFound)
	one.follow(one.post("/account/sessions/others")).has("Le altre sessioni sono terminate.").hasNot("Edge, Windows")
	two.get("/").hasNot("Fulvia Sanna, membro")
	a := one.follow(one.post("/account/sessions", "session", buttonOf(t, one.get("/account/sessions"), "session")))
	a.has("La sessione è chiusa.").hasNot("Fulvia Sanna, membro")
}

// buttonOf returns the value of the first button of that name.
func buttonOf(t *testing.T, a *shown, name string) string {
	t.Helper()
	for n := range parsed(t, a.body).Descendants() {
		if n.Data == "button" && attr(n, "name") == name {
			return attr(n, "value")
		}
	}
	t.Fatalf("%s: no button %q", a.asked, name)
	return ""
}

// S41, S42: a code is good once, a recovery code is, and both only in the
// browser that has shown the password.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	checkPage(t, b.get("/account/factor").is(http.StatusOK))
	b.post("/account/factor", "current", otherPassword).is(http.StatusUnprocessableEntity).has("La password attuale non è corretta.")
	page := b.post("/account/factor", "current", testPassword).is(http.StatusOK).has("otpauth://totp/Co.PIS:tecla.bassani?", `<svg class="qr" role="img"`)
	if got := page.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	checkPage(t, b.post("/account/factor/confirm", "otp", "000000").is(http.StatusUnprocessableEntity).has("Il codice non è corretto").hasNot("otpauth"))
	before := b.cookies[sessionCookie]
	secret, codes := s.withFactor(b)
	if len(codes) != account.RecoveryCodes || b.cookies[sessionCookie] == before {
		t.Errorf("%d codes, and the secret stayed: %v", len(codes), b.cookies[sessionCookie] == before)
	}
	b.get("/account/factor").is(http.StatusOK).has("Restano 10 codici di recupero.").hasNot(codes[0], secret)

	// The password alone lets nobody in, nor does the page of the code.
	in := s.browser("")
	in.get("/sign-in/code").is(http.StatusSeeOther)
	a := in.post("/sign-in", "name", "tecla.bassani", "password", testPassword, "next", "/unread").is(http.StatusSeeOther)
	if to, err := url.Parse(a.to()); err != nil || to.Path != "/sign-in/code" || to.Query().Get("next") != "/unread" || len(to.Query()) != 1 {
		t.Errorf("leads to %q", a.to())
	}
	in.get("/account").is(http.StatusSeeOther)
	checkPage(t, in.get(a.to()).is(http.StatusOK).has(`autocomplete="one-time-code"`))
	in.post("/sign-in/code", "otp", "000000", "next", "/unread").is(http.StatusUnprocessableEntity).has("Il codice non è corretto", `value="/unread"`)

	// A code belongs to one account, and to the browser with its first step.
	code := totp(t, secret, s.clock())
	s.browser("").post("/sign-in/code", "otp", code).is(http.StatusSeeOther)
	mallory := s.browser("")
	_, theirs := s.withFactor(s.browser("dario.pellegri"))
	code = totp(t, secret, s.clock())
	mallory.post("/sign-in", "name", "dario.pellegri", "password", testPassword).is(http.StatusSeeOther)
	mallory.post("/sign-in/code", "otp", code).is(http.StatusUnprocessableEntity) // tecla's
	in.post("/sign-in/code", "otp", theirs[0]).is(http.StatusUnprocessableEntity) // dario's
	if a := in.post("/sign-in/code", "otp", code, "next", "/unread").is(http.StatusSeeOther); a.to() != "/unread" {
		t.Errorf("leads to %q", a.to())
	}
	in.get("/").has("Tecla Bassani, membro")
	if in.cookies[stepCookie] != "" {
		t.Error("the first step is kept")
	}
	mallory.post("/sign-in", "name", "tecla.bassani", "password", testPassword).is(http.StatusSeeOther)
	mallory.post("/sign-in/code", "otp", code).is(http.StatusUnprocessableEntity) // the same step again

	// A recovery code does once, and its owner is told.
	s.post.take()
	mallory.post("/sign-in/code", "otp", strings.ToLower(codes[0])).is(http.StatusSeeOther)
	if sent := s.post.take(); len(sent) != 1 || sent[0].Kind != account.SendFactor {
		t.Errorf("sent %v", sent)
	}
	again := s.browser("")
	again.post("/sign-in", "name", "tecla.bassani", "password", testPassword)
	again.post("/sign-in/code", "otp", codes[0]).is(http.StatusUnprocessableEntity)

	// A new password by mail does not go past the code.
	s.browser("").post("/forgot", "address", "tecla.bassani@example.org")
	reset := s.link(account.SendReset)
	r := s.browser("")
	token := r.get(reset).value("token")
	r.follow(r.post("/reset", "token", token, "password", otherPassword)).is(http.StatusOK).has("La nuova password è salvata")
	r.get("/").hasNot("Tecla Bassani, membro")
	if a := r.post("/sign-in", "name", "tecla.bassani", "password", otherPassword); !strings.HasPrefix(a.to(), "/sign-in/code") {
		t.Errorf("leads to %q", a.to())
	}

	// The first step is over after a while.
	s.pass(10 * time.Minute)
	r.follow(r.post("/sign-in/code", "otp", totp(t, secret, s.clock()))).is(http.StatusOK).has("È passato troppo tempo")

	// New codes, and none at all.
	b = s.browser("")
	b.post("/sign-in", "name", "tecla.bassani", "password", otherPassword)
	b.post("/sign-in/code", "otp", totp(t, secret, s.clock())).is(http.StatusSeeOther)
	s.pass(time.Minute)
	for _, page := range []string{"recovery", "remove"} {
		checkPage(t, b.get("/account/factor/"+page).is(http.StatusOK))
		checkPage(t, b.post("/account/factor/"+page, "current", otherPassword, "otp", "000000").is(http.StatusUnprocessableEntity).has("La password o il codice non sono corretti."))
		checkPage(t, b.post("/account/factor/"+page, "current", testPassword, "otp", totp(t, secret, s.clock())).is(http.StatusUnprocessableEntity))
	}
	b.post("/account/factor/recovery", "current", otherPassword, "otp", totp(t, secret, s.clock())).is(http.StatusOK).has("<code>").hasNot(codes[1])
	b.post("/account/factor/remove", "current", otherPassword, "otp", codes[1]).is(http.StatusUnprocessableEntity)
	s.pass(time.Minute)
	b.follow(b.post("/account/factor/remove", "current", otherPassword, "otp", totp(t, secret, s.clock()))).has("Il secondo fattore è disattivato.")
	s.browser("").post("/sign-in", "name", "tecla.bassani", "password", otherPassword).is(http.StatusSeeOther)
}

// A link to a new password is good once, and keeps what was typed from no page.
func TestReset(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	checkPage(t, s.browser("").get("/forgot").is(http.StatusOK))
	s.browser("").post("/forgot", "address", "nonsense").is(http.StatusUnprocessableEntity).has("non si può leggere", `value="nonsense"`)
	s.browser("").post("/forgot", "address", "tecla.bassani@example.org").is(http.StatusSeeOther)
	link := s.link(account.SendReset)
	c := s.browser("")
	page := c.get(link).is(http.StatusOK)
	checkPage(t, page)
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
		if got := page.header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	token := page.value("token")
	again := c.post("/reset", "token", token, "password", "cinque e sei").is(http.StatusUnprocessableEntity).has("servono almeno 15").hasNot("cinque e sei")
	if again.value("token") != token {
		t.Error("the form has lost its token")
	}
	c.follow(c.post("/reset", "token", token, "password", otherPassword)).has("ora accedi")
	c.post("/reset", "token", token, "password", otherPassword).is(http.StatusGone)
	c.post("/reset", "token", "x", "password", otherPassword).is(http.StatusGone)
	b.get("/").hasNot("Tecla Bassani, membro")
	c.post("/sign-in", "name", "tecla.bassani", "password", otherPassword).is(http.StatusSeeOther)

	// Too many links to one address: later.
	for range 2 {
		s.browser("").post("/forgot", "address", "tecla.bassani@example.org").is(http.StatusSeeOther)
	}
	s.browser("").post("/forgot", "address", "tecla.bassani@example.org").is(http.StatusTooManyRequests).has("Aspetta 60 secondi.")
}

// The address and the username change; what was before is told, or kept.
func TestAddressAndName(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	checkPage(t, b.get("/account").is(http.StatusOK).has("tecla.bassani@example.org", "Confermato"))
	b.post("/account/address", "address", "nuova@example.net", "current", otherPassword).is(http.StatusUnprocessableEntity).has("La password attuale non è corretta.", `value="nuova@example.net"`)
	b.follow(b.post("/account/address", "address", "nuova@example.net", "current", testPassword)).has("tecla.bassani@example.org", "Abbiamo scritto al nuovo indirizzo")
	c, link := s.browser("tecla.bassani"), s.link(account.SendChange)
	token := b.get(link).value("token")
	s.browser("osvaldo.renzi").post("/verify", "token", token).is(http.StatusGone) // it is not his
	b.post("/verify", "token", token).is(http.StatusSeeOther)
	if sent := s.post.take(); len(sent) != 1 || sent[0].Kind != account.SendMoved || sent[0].To != "tecla.bassani@example.org" || !strings.Contains(s.p.letter(sent[0]).Text, "nuova@example.net") {
		t.Errorf("sent %v", sent)
	}
	c.get("/").hasNot("Tecla Bassani, membro") // all sessions have ended but the one it was done with
	b.get("/account").has("nuova@example.net")
	b.follow(b.post("/account/name", "name", "tecla.b")).has("Il nome utente è cambiato.", "tecla.b")
	b.post("/account/name", "name", "tecla.c").is(http.StatusUnprocessableEntity).has("potrai farlo di nuovo dal", "giugno 2026")
	s.browser("").post("/sign-in", "name", "tecla.bassani", "password", testPassword).is(http.StatusUnprocessableEntity)
	d := s.browser("")
	d.post("/sign-up", "name", "tecla.bassani", "address", "altra@example.net", "password", testPassword, "agree-terms", sampleTerms[0].Edition).is(http.StatusUnprocessableEntity).has("È già in uso")
}

// Whoever has not agreed to a new edition of the terms gets those first, and
// loses nothing of what they wrote.
func TestTerms(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	later := account.Document{Name: "terms", Edition: "2027-01", From: noon.Add(time.Hour)}
	o := options{
		Store: s.p.store, Passwords: cheap, Key: testKey, Terms: append([]account.Document{later}, sampleTerms...),
		Origin: s.p.origin, Log: s.p.log, Clock: s.clock,
	}
	p, err := newPortal(o)
	if err != nil {
		t.Fatal(err)
	}
	s.p, s.h = p, p.handler()
	b := s.browser("tecla.bassani")
	b.get("/unread").is(http.StatusOK)
	in := tokenFor(s)
	in.Ends = noon.Add(24 * time.Hour)
	secret, _, err := s.p.c.Sessions.Issue(t.Context(), s.actor("tecla.bassani"), in)
	if err != nil {
		t.Fatal(err)
	}
	program := s.browser("")
	program.header.Set("Authorization", "Bearer "+secret)
	feed := "/topics/" + s.topic("Innovazione sociale").ID.String() + "/feed.atom"
	program.get(feed).is(http.StatusOK)
	s.pass(2 * time.Hour)
	program.get(feed).is(http.StatusForbidden).has("condizioni").hasNot("<feed") // no way past them
	a := b.get("/unread?after=x").is(http.StatusSeeOther)
	if a.to() != "/terms?next=%2Funread%3Fafter%3Dx" {
		t.Errorf("leads to %q", a.to())
	}
	page := b.get(a.to()).is(http.StatusOK).has("non le hai ancora accettate", "Edizione 2027-01")
	checkPage(t, page)
	checkPage(t, b.post("/topics/"+s.topic("Innovazione sociale").ID.String()+"/reply", "do", "post", "body", "scritto a lungo").is(http.StatusForbidden).has("scritto a lungo", "devi accettare"))
	b.post("/terms", "next", page.value("next")).is(http.StatusUnprocessableEntity).has("devi accettare")
	b.post("/terms", "next", page.value("next"), "agree-terms", "2026-05").is(http.StatusUnprocessableEntity)
	if a := b.post("/terms", "next", page.value("next"), "agree-terms", "2027-01").is(http.StatusSeeOther); a.to() != "/unread?after=x" {
		t.Errorf("leads to %q", a.to())
	}
	b.get("/unread").is(http.StatusOK)
	c := s.browser("")
	if a := c.post("/sign-in", "name", "dario.pellegri", "password", testPassword, "next", "/drafts"); a.to() != "/terms?next=%2Fdrafts" {
		t.Errorf("leads to %q", a.to())
	}
	c.post("/sign-out").is(http.StatusSeeOther)
	s.browser("").get("/terms").is(http.StatusOK).hasNot("non le hai ancora accettate")
}

// A person acts for an organisation while their mandate runs. When it ends it
// does so at once: reading goes on, and what they send is refused once, so that
// nothing they meant to say for somebody else appears as their own.
func TestActingFor(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	b := s.browser("tecla.bassani")
	town, tecla := s.org("c_rocca"), s.actor("tecla.bassani")
	path := "/topics/" + s.topic("Innovazione sociale").ID.String()
	b.get(path).has(`<option value="" selected>`, town.Name)
	b.post("/act-as", "for", s.org("cm_port").ID.String(), "back", path).is(http.StatusForbidden).has("non è attivo")
	b.post("/act-as", "for", "nonsense", "back", path).is(http.StatusForbidden)
	b.follow(b.post("/act-as", "for", town.ID.String(), "back", path)).has("Ora agisci per conto", "Tecla Bassani, membro, per Comune di Roccachiara")
	b.follow(b.post(path+"/reply", "do", "post", "body", "A nome del Comune")).has(`>Tecla Bassani</a> <span class="org">per Comune di Roccachiara</span>`)

	// A cookie is worth what the mandate is.
	c := s.browser("dario.pellegri")
	c.cookies[actingCookie] = town.ID.String()
	c.get("/").is(http.StatusOK).has("Dario Pellegri, membro<").hasNot("per Comune di Roccachiara</span>\n<a")

	mandates, err := s.p.c.Membership.Mandates(t.Context(), tecla, tecla.User)
	if err != nil || len(mandates) != 1 {
		t.Fatal(len(mandates), err)
	}
	if err := s.p.c.Membership.EndMandate(t.Context(), s.actor("marta.colonna"), mandates[0].ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	b.cookies["keep"] = b.cookies[actingCookie]
	a := b.post(path+"/reply", "do", "post", "body", "Ancora del Comune").is(http.StatusForbidden).has("Il tuo incarico per quell’ente non è attivo", "Ancora del Comune</textarea>")
	checkPage(t, a)
	if b.cookies[actingCookie] != "" {
		t.Error("the choice is kept")
	}
	b.follow(b.post(path+"/reply", "do", "post", "body", "Ora per me")).has("Ora per me")
	last := s.replies(s.topic("Innovazione sociale").ID, "tecla.bassani")
	if r := last[len(last)-1]; r.By != (auth.By{User: tecla.User}) {
		t.Errorf("by %v", r.By)
	}
	b.cookies[actingCookie] = b.cookies["keep"]
	b.get(path).is(http.StatusOK).has("Tecla Bassani, membro<")
	if b.cookies[actingCookie] != "" {
		t.Error("the choice is kept")
	}

	c.follow(c.post("/act-as", "for", "", "back", "//evil.example")).has("Ora agisci a tuo nome.")
	s.browser("").post("/act-as", "for", town.ID.String()).is(http.StatusForbidden)
}

// Back in the first phase, visitors and those who are no members are told so,
// and members go on.
func TestFirstPhase(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.browser("").get("/phases").is(http.StatusOK).has("già nell’ultima fase", "Aperta a chiunque <span class=\"badge strong\">In corso")
	if _, err := s.p.c.Membership.Advance(t.Context(), s.actor("marta.colonna"), membership.NewTurn{To: 0, Seen: 2, Why: "Prova"}); err != nil {
		t.Fatal(err)
	}
	for login, want := range map[string]string{"": "Per farlo devi accedere.", "gemma.torrisi": "note", "ilenia.corsaro": "In questa fase"} {
		checkPage(t, s.browser(login).get("/").is(http.StatusOK).has(want, "Le fasi della comunità").hasNot("Innovazione sociale, finanza"))
	}
	s.browser("tecla.bassani").get("/").is(http.StatusOK).has("Spazio comune")
	s.browser("").get("/phases").is(http.StatusOK).has("Chi realizza i progetti <span class=\"badge strong\">In corso")
}
