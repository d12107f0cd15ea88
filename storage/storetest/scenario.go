// SPDX-License-Identifier: BSD-3-Clause

package storetest

// scenarios are promises of the services over any store: what members see
// happen. Each file scenario_x.go has a table of its own; its line stands here.
var scenarios = [][]promise{
	forumScenarios, leakScenarios, rightsScenarios, raceScenarios, inputScenarios, phaseScenarios, authScenarios, accountScenarios, memberScenarios, qaScenarios, qaAttacks, convertScenarios, distilScenarios, wikiScenarios,
}
