// SPDX-License-Identifier: BSD-3-Clause

package account

import (
	"strings"
	"unicode"
)

// housewords are reserved also as a part of a name ("admin-roma", "staff2"):
// whoever has one could be taken for somebody who speaks for the house.
const housewords = `
	admin administrator administration amministratore amministratrice amministrazione superadmin sysadmin superuser sysop
	root moderator mod moderatore moderatrice moderazione coordinator coordinatore coordinatrice coordinamento
	facilitator facilitatore facilitatrice redazione redattore redattrice staff support supporto assistenza helpdesk
	official ufficiale segreteria copis operator operatore system sistema webmaster hostmaster postmaster
	security sicurezza noreply owner proprietario bot`

// names are reserved as they are: what mail, hosts and browsers mean by them
// (RFC 2142, RFC 6761), what programs call nobody, and what a portal calls its
// pages, now or later.
const names = `
	abuse noc ftp ftpadmin mail mailer mailerdaemon daemon uucp usenet news nntp ssl ssladmin ssladministrator sslwebmaster tls
	smtp pop pop3 imap imaps dns ns ns1 ns2 ns3 ns4 dhcp vpn ssh sftp telnet git svn irc xmpp ldap ntp proxy gateway
	www www1 www2 www3 wwws http https web webmail website site sites localhost localdomain broadcasthost
	autoconfig autodiscover isatap wpad mta mx mx1 mx2 spf dkim dmarc pec
	api app apps cdn static assets asset media images image img css javascript java js json xml html rss atom feed feeds icons fonts
	null nil none undefined undef true false nan void test tests testing tester prova demo example esempio sample temp tmp dev devel develop
	developer developers stage staging beta alpha prod production debug
	anonymous anonimo anonima guest ospite visitor visitatore user users utente utenti username utilizzatore nobody nessuno
	everyone everybody all tutti tutte here qui me you self myself someone qualcuno member members membro membri deleted
	erased eliminato cancellato unknown sconosciuto you nome name names nick nickname
	about account accounts accesso activate activity add address archive archives archivio area agenda audit auth authentication
	authorize avatar backup ban blog blogs board boards bacheca bug bugs cache calendar calendario categories category categoria
	categorie cerca chat check client clients code comment comments commenti commento communities community comunita config configuration
	contact contacts contacto contactus contatti contatto cookie cookies create crea customer dashboard data dati database delete
	directory discussioni discussione docs doc documentation documentazione documenti documento domanda domande download downloads draft bozza bozze
	edit editor email error errors errore event events evento eventi esperto esperti experts export explore esplora
	faq features file files filter follow followers following forgot forgotpassword password passwd passwords form forms forum forums
	group groups gruppi gruppo help aiuto home homepage host hosting id identity identita image index indice info information informazioni
	inbox invitation invitations invite inviti invito issue issues item items job jobs join jobs key keys language languages lavoro legal
	licence license licenza link links list lists lista login logout log logs signin signup signout register registration registrazione
	iscriviti entra esci accedi maintenance manutenzione manage manager management map message messages messaggi messaggio moderation
	my mine miei new nuovo nuova newsletter note notes notice notices notifica notifiche notification notifications notify
	oauth openid oidc saml spid cie eidas offer orders order org organization organizations organisation organisations organizzazione ente enti
	overview page pages pagina pagine panel partner partners phase phases fase fasi ping policy poll polls sondaggi sondaggio popular
	portal portale post posts premium press stampa price pricing privacy privacypolicy private privato profile profiles profilo project projects
	progetti progetto public pubblico query question questions quesiti quesito random ranking read readme recent remove replies reply report
	reports reset resetpassword resource resources risorse responsabile risposta risposte role roles ruolo ruoli rule rules regole root
	sale search ricerca send server service services servizi servizio session sessions setting settings impostazioni setup share shop sitemap
	source start stat state stats statistics statistiche status stato store storia storie stories story style styles subscribe subscription
	subscriptions tag tags task tasks team teams tech tema temi theme themes term terms termini termsofservice tos thread threads token tokens
	tool tools top topic topics translate translations trend trends tutorial unsubscribe update updates upload uploads url uptime vote votes voto voti
	welcome benvenuto wiki widget work works buone prassi pratiche`

// reserved holds handles of names that nobody may have.
type reserved struct{ whole, part map[Handle]bool }

// reserve returns the reserved names of a community: those of every one, and
// its own.
func reserve(community string) reserved {
	r := reserved{map[Handle]bool{}, map[Handle]bool{}}
	for _, w := range strings.Fields(names) {
		r.whole[HandleOf(w)] = true
	}
	for _, w := range strings.Fields(housewords) {
		r.part[HandleOf(w)] = true
	}
	if c := joined(strings.ToLower(community)); c != "" {
		r.part[HandleOf(c)] = true
	}
	return r
}

// has reports whether a name is reserved, or looks like one that is: also with
// separators within, digits after it, or digits in place of letters.
func (r reserved) has(name string) bool {
	name = strings.ToLower(name)
	for _, n := range []string{name, letters.Replace(name)} {
		whole := joined(n)
		bare := strings.TrimRightFunc(whole, unicode.IsDigit)
		if r.whole[HandleOf(whole)] || r.whole[HandleOf(bare)] || r.part[HandleOf(whole)] {
			return true
		}
		for _, p := range strings.FieldsFunc(n, separates) {
			if r.part[HandleOf(p)] || r.part[HandleOf(strings.TrimFunc(p, unicode.IsDigit))] {
				return true
			}
		}
	}
	return false
}

// letters reads digits as the letters they resemble, besides 0 and 1, which
// look like theirs.
var letters = strings.NewReplacer("3", "e", "4", "a", "5", "s", "7", "t", "8", "b")

// joined leaves out what separates the parts of a name.
func joined(name string) string {
	return strings.Map(func(r rune) rune {
		if separates(r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, name)
}
