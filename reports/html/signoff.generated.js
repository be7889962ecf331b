"use strict";
(function() {
	// reports/comparison.ts
	function judgedMetrics(scenario) {
		const order = [
			"worse",
			"undecided",
			"notMeasured",
			"within"
		];
		return scenario.metrics.filter(({ decision }) => decision !== "shown").sort((a, b) => order.indexOf(a.decision) - order.indexOf(b.decision));
	}
	// reports/format.ts
	const SCALES = [
		{
			from: 1e12,
			name: "T"
		},
		{
			from: 1e9,
			name: "G"
		},
		{
			from: 1e6,
			name: "M"
		},
		{
			from: 1e3,
			name: "k"
		}
	];
	function digits(value) {
		const size = Math.abs(value);
		if (size >= 100) return value.toFixed(0);
		return value.toFixed(size >= 10 ? 1 : 2).replace(/\.?0+$/, "");
	}
	function scaled(value, unit) {
		if (!Number.isFinite(value)) return "∞";
		const size = Math.abs(value);
		for (const { from, name } of SCALES) if (size >= from * .9995) return `${digits(value / from)} ${name}${unit}`;
		return `${digits(value)} ${unit}`;
	}
	function formatBytes(bytes) {
		return scaled(bytes, "B");
	}
	function formatDuration(ms) {
		const size = Math.abs(ms);
		if (size >= 36e5) return `${Math.floor(ms / 36e5)} h ${Math.round(size % 36e5 / 6e4)} min`;
		if (size >= 12e4) return `${Math.floor(ms / 6e4)} min ${Math.round(size % 6e4 / 1e3)} s`;
		if (size >= 1e3) return `${digits(ms / 1e3)} s`;
		if (size >= 1 || size === 0) return `${digits(ms)} ms`;
		return `${digits(ms * 1e3)} µs`;
	}
	const sharesAtMost = 1e3;
	function formatShare(share) {
		if (share >= sharesAtMost) return Number.isFinite(share) ? `×${formatCount(Math.round(share))}` : "∞";
		const percent = share * 100;
		return `${Math.abs(percent) > 0 && Math.abs(percent) < .1 ? percent.toPrecision(1) : digits(percent)} %`;
	}
	function formatCount(count) {
		if (!Number.isInteger(count)) return Math.abs(count) >= 1e3 ? scaled(count, "").trimEnd() : digits(count);
		return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
	}
	function formatValue(value, unit) {
		switch (unit) {
			case "bytes": return formatBytes(value);
			case "bytesPerSecond": return Number.isFinite(value) ? `${formatBytes(value)}/s` : "∞";
			case "perSecond": return `${formatCount(value)}/s`;
			case "ms": return formatDuration(value);
			case "seconds": return formatDuration(value * 1e3);
			case "share": return formatShare(value);
			case "count": return formatCount(value);
		}
	}
	function verdictWord({ ok, exitCode }) {
		if (ok) return "PASS";
		return exitCode === 3 ? "STOPPED" : exitCode === 4 ? "UNDECIDED" : "FAIL";
	}
	function verdictMark({ ok, exitCode }) {
		return ok ? "✓" : exitCode === 4 ? "?" : "✗";
	}
	const STATE_MARKS = {
		pass: "✓",
		over: "✗",
		waived: "~",
		undecided: "?",
		notMeasured: "?"
	};
	function stateMark(state) {
		return STATE_MARKS[state];
	}
	function formatActual({ actual, state, unit }) {
		if (actual !== null) return formatValue(actual, unit);
		return state === "undecided" ? "undecided" : "not measured";
	}
	function printable(text, charsMax = 2e3) {
		const line = text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "�");
		return line.length > charsMax ? `${line.slice(0, charsMax - 1)}…` : line;
	}
	// reports/comparison-sentence.ts
	const words = {
		worse: "is worse",
		within: "is within its threshold",
		undecided: "is undecided",
		notMeasured: "was not measured",
		shown: "is not judged"
	};
	function metricSentence(metric) {
		const { note } = metric;
		const interval = formatInterval(metric);
		const change = metric.change === null && !isFromNothing(metric) ? "" : `: ${formatMetricChange(metric)}${interval === "" ? "" : ` (${interval})`}`;
		const limit = metric.threshold === null ? "" : `, at most ${formatLimit(metric)} is allowed`;
		return `${printable(metric.name)} ${words[metric.decision]}${change}${limit}${note === "" ? "" : `; ${printable(note)}`}`;
	}
	const manyfold = 10;
	function formatChange(change) {
		if (change === null) return "–";
		if (change >= manyfold) return `×${Math.round(change + 1)}`;
		return change < 0 ? `−${formatShare(-change)}` : `+${formatShare(change)}`;
	}
	function formatRatio(change) {
		return change !== null && change >= Math.expm1(10) ? "∞" : formatChange(change);
	}
	function isFromNothing({ bound, baseMedian, headMedian }) {
		const [one, other] = bound === "max" ? [baseMedian, headMedian] : [headMedian, baseMedian];
		return one === 0 && other !== null && other > 0;
	}
	function formatMetricChange(metric) {
		if (!isFromNothing(metric)) return formatRatio(metric.change);
		const { unit, baseMedian, headMedian } = metric;
		return `${formatMedian(headMedian, unit)}${unit === "count" ? " a run" : ""}, ${formatMedian(baseMedian, unit)} before`;
	}
	function formatDetectable(metric) {
		return metric.detectable === null || isFromNothing(metric) ? "" : formatRatio(metric.detectable);
	}
	function formatInterval(metric) {
		const { changeLow, changeHigh } = metric;
		if (changeLow === null || changeHigh === null || isFromNothing(metric)) return "";
		return `${formatRatio(changeLow)} … ${formatRatio(changeHigh)}`;
	}
	function formatLimit({ threshold }) {
		return threshold === null ? "" : `${threshold > 0 ? "+" : ""}${formatShare(threshold)}`;
	}
	function formatMedian(value, unit) {
		return value === null ? "–" : formatValue(value, unit);
	}
	// reports/counted.ts
	function counted(count, one, many = `${one}s`) {
		return `${formatCount(count)} ${count === 1 ? one : many}`;
	}
	// reports/signoff.ts
	const outcomes = {
		pass: "passed",
		waived: "warned",
		over: "failed",
		undecided: "undecided",
		notMeasured: "undecided",
		within: "passed",
		worse: "failed"
	};
	const wasRun = ({ runs }) => runs.length > 0;
	const lacksComparison = ({ runs, comparisons }, previous) => previous !== null && wasRun({ runs }) && comparisons.length === 0 && runs.every(({ folder }) => folder !== null);
	function testsOf({ scenarios, previous }) {
		return scenarios.flatMap((scenario) => [
			...wasRun(scenario) ? [] : [{
				name: `${scenario.name}/run`,
				outcome: "undecided"
			}],
			...lacksComparison(scenario, previous) ? [{
				name: `${scenario.name}/change`,
				outcome: "undecided"
			}] : [],
			...scenario.runs.flatMap((run) => testsOfRun(scenario.name, run)),
			...scenario.comparisons.flatMap(({ result }) => result.metrics.flatMap((metric) => metric.decision === "shown" ? [] : [{
				name: `${scenario.name}/${result.lane}/${metric.name}/change`,
				outcome: outcomes[metric.decision]
			}]))
		]);
	}
	function testsOfRun(scenario, { lane, budgets, verdict, fault }) {
		const place = `${scenario}/${lane}`;
		const rows = budgets.map((row) => ({
			name: `${place}/${row.name}`,
			outcome: outcomes[row.state]
		}));
		const isSaid = rows.some(({ outcome }) => outcome === (verdict.exitCode === 1 ? "failed" : "undecided"));
		if (fault === void 0 && (verdict.ok || isSaid)) return rows;
		const { exitCode } = fault ?? verdict;
		return [...rows, {
			name: `${place}/run`,
			outcome: exitCode === 1 ? "failed" : "undecided"
		}];
	}
	// reports/html/dom.ts
	function element(tag, options = {}, children = []) {
		const made = document.createElement(tag);
		if (options.class) made.className = options.class;
		if (options.text !== void 0) made.textContent = options.text;
		for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value);
		for (const child of children) if (child) made.append(child);
		return made;
	}
	function button(text, onPress, options = {}) {
		const made = element("button", {
			...options,
			text,
			attributes: {
				type: "button",
				...options.attributes
			}
		});
		made.addEventListener("click", onPress);
		return made;
	}
	function section(title, children, className = "") {
		const kept = children.filter((child) => child !== null);
		if (kept.length === 0) return null;
		return element("section", { class: `card ${className}` }, [element("h2", { text: title }), ...kept]);
	}
	function sortableTable(columns, rows, rowClass) {
		const body = element("tbody");
		const fill = (sorted) => body.replaceChildren(...sorted.map((row) => element("tr", { class: rowClass?.(row) ?? "" }, columns.map((column) => {
			const content = column.cell(row);
			const attributes = { "data-title": column.title };
			const options = {
				class: column.numeric ? "number" : "",
				attributes
			};
			return typeof content === "string" ? element("td", {
				...options,
				text: content
			}) : element("td", options, [content]);
		}))));
		const headings = columns.map((column) => {
			const heading = element("th", {
				class: column.numeric ? "number" : "",
				attributes: { scope: "col" }
			});
			const { key } = column;
			if (!key) heading.textContent = column.title;
			else heading.append(button(column.title, () => {
				const was = heading.getAttribute("aria-sort");
				const direction = was === null ? column.numeric ? -1 : 1 : was === "ascending" ? -1 : 1;
				for (const other of headings) other.removeAttribute("aria-sort");
				heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
				fill([...rows].sort((a, b) => key(a) < key(b) ? -direction : key(a) > key(b) ? direction : 0));
			}));
			return heading;
		});
		fill(rows);
		return element("div", { class: "scroll" }, [element("table", {}, [element("thead", {}, [element("tr", {}, headings)]), body])]);
	}
	function commandLine(command) {
		const copy = button("Copy", () => {
			navigator.clipboard?.writeText(printable(command)).then(() => void (copy.textContent = "Copied"), () => void (copy.textContent = "Select it by hand"));
		});
		return element("div", { class: "command" }, [element("code", { text: printable(command) }), copy]);
	}
	// reports/html/theme.ts
	const listeners = [];
	function setTheme(theme) {
		document.documentElement.dataset.theme = theme;
		for (const listener of listeners) listener();
	}
	function themeButton() {
		const system = matchMedia("(prefers-color-scheme: dark)");
		setTheme(system.matches ? "dark" : "light");
		system.addEventListener("change", () => setTheme(system.matches ? "dark" : "light"));
		let onScreen = "light";
		addEventListener("beforeprint", () => {
			onScreen = document.documentElement.dataset.theme === "dark" ? "dark" : "light";
			document.documentElement.dataset.printing = "true";
			setTheme("light");
		});
		addEventListener("afterprint", () => {
			delete document.documentElement.dataset.printing;
			setTheme(onScreen);
		});
		return button("◐", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"), {
			class: "quiet",
			attributes: {
				"aria-label": "Dark or light",
				title: "Dark or light"
			}
		});
	}
	// reports/html/verdict-class.ts
	function verdictClass({ ok, exitCode }) {
		return ok ? "ok" : exitCode === 4 ? "unknown" : "over";
	}
	function stateClass(state) {
		return state === "pass" ? "ok" : state === "over" ? "over" : "unknown";
	}
	// reports/html/comparison-page.ts
	const looks = {
		worse: {
			mark: "✗",
			class: "over",
			word: "worse"
		},
		within: {
			mark: "✓",
			class: "ok",
			word: "within its threshold"
		},
		undecided: {
			mark: "?",
			class: "unknown",
			word: "undecided"
		},
		notMeasured: {
			mark: "?",
			class: "unknown",
			word: "not measured"
		},
		shown: {
			mark: "",
			class: "",
			word: "not judged"
		}
	};
	function metricTable(metrics) {
		const reach = Math.max(...metrics.map(reachOf));
		return sortableTable([
			{
				title: "",
				cell: ({ decision }) => element("span", {
					class: `mark ${looks[decision].class}`,
					text: looks[decision].mark,
					attributes: { title: looks[decision].word }
				})
			},
			{
				title: "Metric",
				cell: nameCell,
				key: ({ name }) => name
			},
			{
				title: "Change",
				numeric: true,
				cell: formatMetricChange,
				key: ({ change }) => change ?? 0
			},
			{
				title: "Interval and limit",
				cell: (metric) => strip(metric, reach)
			},
			{
				title: "Base",
				numeric: true,
				cell: ({ baseMedian, unit }) => formatMedian(baseMedian, unit)
			},
			{
				title: "Head",
				numeric: true,
				cell: ({ headMedian, unit }) => formatMedian(headMedian, unit)
			},
			{
				title: "Limit",
				numeric: true,
				cell: formatLimit
			},
			{
				title: "Would have been seen",
				numeric: true,
				cell: (metric) => atLeast(formatDetectable(metric))
			}
		], metrics, ({ decision }) => looks[decision].class);
	}
	const atLeast = (seen) => seen === "" ? "" : `≥ ${seen}`;
	function nameCell({ name, decision, note }) {
		const why = note === "" ? looks[decision].word : `${looks[decision].word}: ${printable(note, 300)}`;
		return element("div", {}, [element("code", { text: printable(name, 200) }), decision === "shown" ? null : element("div", {
			class: "dim prose",
			text: why
		})]);
	}
	function reachOf(metric) {
		const { changeLow, changeHigh, threshold } = metric;
		const ends = (isFromNothing(metric) ? [] : [
			changeLow ?? 0,
			changeHigh ?? 0,
			threshold ?? 0
		]).map(Math.abs);
		return Math.min(10, Math.max(.005, ...ends) * 1.15);
	}
	function strip(metric, reach) {
		const { change, changeLow, changeHigh, threshold } = metric;
		if (change === null || isFromNothing(metric)) return document.createTextNode("");
		const at = (value) => `${(50 + Math.max(-reach, Math.min(reach, value)) / reach * 50).toFixed(2)}%`;
		const place = (kind, value) => {
			const line = element("span", { class: kind });
			line.style.left = at(value);
			return line;
		};
		const parts = [place("zero", 0), place("estimate", change)];
		if (changeLow !== null && changeHigh !== null) {
			const bar = place("interval", changeLow);
			bar.style.right = `calc(100% - ${at(changeHigh)})`;
			parts.unshift(bar);
		}
		if (threshold !== null) parts.push(place("limit", threshold));
		const interval = formatInterval(metric);
		const label = `${formatRatio(change)}${interval === "" ? "" : `, between ${interval}`}${threshold === null ? "" : `, limit ${formatLimit(metric)}`}`;
		const options = {
			class: `strip ${looks[metric.decision].class}`,
			attributes: {
				role: "img",
				"aria-label": label,
				title: label
			}
		};
		return element("div", options, parts);
	}
	// reports/html/run-page.ts
	const stateTitles = {
		pass: "within budget",
		over: "over budget",
		waived: "over budget, and waived for a while",
		undecided: "measured, but not well enough to decide",
		notMeasured: "not measured"
	};
	function budgetTable(budgets) {
		return sortableTable([
			{
				title: "",
				cell: (each) => element("span", {
					class: `mark ${stateClass(each.state)}`,
					text: stateMark(each.state),
					attributes: { title: stateTitles[each.state] }
				})
			},
			{
				title: "Budget",
				cell: (each) => printable(each.name, 200),
				key: (each) => each.name
			},
			{
				title: "Actual",
				numeric: true,
				cell: (each) => formatActual(each)
			},
			{
				title: "Limit",
				numeric: true,
				cell: (each) => `${each.bound === "max" ? "≤" : "≥"} ${formatValue(each.limit, each.unit)}`
			},
			{
				title: "Used",
				cell: usedBar
			},
			{
				title: "",
				cell: (each) => element("span", {
					class: each.note === "" ? "" : "prose",
					text: printable(each.note, 300)
				})
			}
		], budgets, (each) => each.ok ? "" : stateClass(each.state));
	}
	function usedBar(budget) {
		if (budget.actual === null || budget.limit <= 0 || budget.bound === "min") return document.createTextNode("");
		const used = budget.actual / budget.limit;
		const bar = element("meter", { attributes: {
			min: "0",
			max: "1",
			value: String(Math.min(1, used)),
			class: stateClass(budget.state)
		} });
		return element("span", { class: "used" }, [bar, document.createTextNode(` ${formatShare(used)}`)]);
	}
	// reports/html/signoff-page.ts
	function startSignoff() {
		const report = JSON.parse(document.getElementById("report")?.textContent ?? "");
		const brand = element("span", {
			class: "brand",
			text: "floodgate sign-off"
		});
		const top = element("div", { class: "top" }, [brand, themeButton()]);
		const main = element("main", {}, [
			banner(report),
			subjectCard(report),
			openCard(report),
			overviewCard(report),
			...report.scenarios.map((scenario) => scenarioCard(scenario, report)),
			proofCard(report)
		]);
		document.body.replaceChildren(top, main);
		document.documentElement.dataset.ready = "true";
	}
	function banner(report) {
		const word = report.verdict.ok ? "SIGNED OFF" : verdictWord(report.verdict);
		return element("header", { class: `verdict card ${verdictClass(report.verdict)}` }, [element("div", {
			class: "word",
			text: word
		}), element("div", {}, [
			element("h1", { text: printable(report.verdict.headline) }),
			element("p", { text: countsOf(report) }),
			element("p", {
				class: "dim",
				text: `Judged ${dateOf(report.signedAt)} by floodgate ${printable(report.tool.version, 40)}.`
			}),
			...report.notes.map((note) => element("p", {
				class: note.severity === "warning" ? "warning" : "dim",
				text: printable(note.text)
			}))
		])]);
	}
	const outcomeWords = {
		passed: ["holds", "hold"],
		warned: ["is broken and waived", "are broken and waived"],
		failed: ["is broken", "are broken"],
		undecided: ["is not measured or undecided", "are not measured or undecided"]
	};
	function countsOf(report) {
		const tests = testsOf(report);
		const counts = Object.entries(outcomeWords).flatMap(([outcome, [one, many]]) => {
			const count = tests.filter((test) => test.outcome === outcome).length;
			return count === 0 ? [] : [`${formatCount(count)} ${count === 1 ? one : many}`];
		});
		return counts.length === 0 ? "No limit was judged." : `${counted(tests.length, "limit")}: ${counts.join(", ")}.`;
	}
	const dateOf = (iso) => `${printable(iso, 40).slice(0, 16).replace("T", " ")} UTC`;
	function subjectCard({ candidate, previous, scope, machine, inputs, working }) {
		const rows = [
			["Candidate", `${versionText(candidate)}, ${formatCount(candidate.files)} source files`],
			...candidate.package ? [["Package", `${printable(candidate.package.name, 200)}, SHA-256 ${candidate.package.sha256}`]] : [],
			...candidate.build?.length ? [["Built by", printable(candidate.build.join("; "), 300)]] : [],
			["Compared with", previous ? versionText(previous) : "no release before it"],
			["Scenarios", scope.set === null ? "all, or named one by one" : `the set ${printable(scope.set, 80)}`],
			...scope.leftOut.length > 0 ? [[`Left out (${formatCount(scope.leftOut.length)})`, scope.leftOut.map((name) => printable(name, 80)).join(", ")]] : [],
			["Lanes", scope.lanes.join(", ") || "none"],
			...inputRows(inputs),
			...working === void 0 ? [] : [["Driven from", folderText(working)]],
			["Machine", `${printable(machine.cpu, 100)}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}, ${printable(machine.platform, 20)} ${printable(machine.kernel, 60)}, Node.js ${printable(machine.node, 20)}`]
		];
		const list = element("dl", { class: "facts" }, rows.flatMap(([name, text]) => [element("dt", { text: name }), element("dd", { text })]));
		return section("What was judged", [list]);
	}
	const inputTitles = [
		["recording", "Recordings"],
		["load", "Loads"],
		["build", "Built with"],
		["definition", "Written in"]
	];
	const inputsShown = 20;
	function inputRows(inputs) {
		return inputTitles.flatMap(([role, title]) => {
			const all = inputs.filter((each) => (each.role ?? "recording") === role);
			const shown = all.slice(0, inputsShown).map(inputText);
			const more = all.length > inputsShown ? [`${formatCount(all.length - inputsShown)} more`] : [];
			return all.length === 0 ? [] : [[title, [...shown, ...more].join(", ")]];
		});
	}
	function inputText({ name, bytes, sha256, from }) {
		const origin = from === void 0 ? "" : `, ${from === "candidate" ? "the candidate’s own" : printable(from, 20)}`;
		return `${printable(name, 200)} (${formatBytes(bytes)}${from === void 0 ? "" : `, SHA-256 ${sha256.slice(0, 12)}…`}${origin})`;
	}
	function folderText({ commit, folder, files, changedCount, unlisted }) {
		return `${commit === null ? "a folder of no commit" : `commit ${printable(commit.slice(0, 12))}`}${folder === "" ? "" : `, in ${printable(folder, 200)}`}, ${unlisted === void 0 ? counted(files, "file") : "files not listed"}${changedCount > 0 ? `, ${formatCount(changedCount)} of them in no commit` : ""}`;
	}
	function versionText({ label, commit, dirty }) {
		const name = label === "." ? "the working folder" : printable(label, 200);
		return commit === null ? name : `${name} (${printable(commit.slice(0, 12))}${dirty ? ", with changes" : ""})`;
	}
	function openCard(report) {
		const tests = testsOf(report);
		const listOf = (title, outcome, mark) => {
			const names = tests.filter((test) => test.outcome === outcome).map(({ name }) => name);
			return names.length === 0 ? null : element("div", { class: mark }, [element("h3", { text: `${title} (${names.length})` }), element("ul", {}, names.map((name) => element("li", {}, [element("code", { text: printable(name, 200) })])))]);
		};
		const waivers = report.waivers.length === 0 ? null : sortableTable([
			{
				title: "Waived",
				cell: ({ scenario, metric }) => printable(`${scenario}: ${metric}`, 200)
			},
			{
				title: "Until",
				cell: ({ until }) => until,
				key: ({ until }) => until
			},
			{
				title: "Owner",
				cell: ({ owner }) => printable(owner, 100)
			},
			{
				title: "Reason",
				cell: ({ reason }) => printable(reason, 300)
			}
		], report.waivers);
		return section("What is open", [
			listOf("Broken", "failed", "open over"),
			listOf("Not measured, or undecided", "undecided", "open unknown"),
			listOf("Broken and waived", "warned", "open unknown"),
			waivers
		]);
	}
	function overviewCard({ scenarios }) {
		const mark = (verdict) => element("span", {
			class: `mark ${verdictClass(verdict)}`,
			text: verdictMark(verdict),
			attributes: { title: printable(verdict.headline, 300) }
		});
		const parts = scenarios.flatMap(({ name, runs, comparisons }) => [...runs.map(({ lane, folder, verdict }) => ({
			name,
			lane,
			what: folder === null ? "nothing" : "budgets",
			verdict
		})), ...comparisons.map(({ result }) => {
			const judged = judgedMetrics(result);
			const worst = judged[0];
			const exitCode = worst?.decision === "within" ? 0 : worst?.decision === "worse" ? 1 : 4;
			const headline = worst ? `${metricSentence(worst)}${judged.length > 1 ? `; ${formatCount(judged.length - 1)} more compared` : ""}` : "nothing was compared";
			return {
				name,
				lane: result.lane,
				what: counted(result.pairs, "pair"),
				verdict: {
					ok: exitCode === 0,
					exitCode,
					headline
				}
			};
		})]);
		return section("Scenarios", [sortableTable([
			{
				title: "",
				cell: ({ verdict }) => mark(verdict)
			},
			{
				title: "Scenario",
				cell: ({ name }) => element("code", {
					class: "tight",
					text: printable(name, 80)
				}),
				key: ({ name }) => name
			},
			{
				title: "Lane",
				cell: ({ lane }) => lane,
				key: ({ lane }) => lane
			},
			{
				title: "Judged by",
				cell: ({ what }) => what,
				key: ({ what }) => what
			},
			{
				title: "Verdict",
				cell: ({ verdict }) => printable(verdict.headline, 300)
			}
		], parts)]);
	}
	function scenarioCard({ name, runs, comparisons }, { previous }) {
		return element("article", { class: "card comparison" }, [
			element("h2", { text: printable(name, 80) }),
			...runs.flatMap(runParts),
			...comparisons.flatMap(({ result }) => [
				element("h3", { text: `Against ${printable(previous?.label ?? "", 80)}, ${result.lane} lane, ${counted(result.pairs, "pair")}` }),
				judgedMetrics(result).length > 0 ? metricTable(judgedMetrics(result)) : element("p", {
					class: "warning",
					text: "No metric has a threshold."
				}),
				...result.notes.map((note) => element("p", {
					class: note.severity === "warning" ? "warning" : "dim",
					text: printable(note.text)
				}))
			])
		]);
	}
	function runParts({ lane, folder, budgets, verdict, command }) {
		return [
			element("h3", { text: `By its budgets, ${lane} lane` }),
			verdict.ok ? null : element("p", {
				class: "warning",
				text: printable(verdict.headline, 1e3)
			}),
			budgets.length > 0 ? budgetTable(budgets) : null,
			folder === null ? null : commandLine(command.replaceAll(ownWords, ""))
		];
	}
	const ownWords = / --(?:(?:agent|target-dir|out) (?:[^\s']|'[^']*')+|keep-measurement|keep-snapshots)(?= |$)/g;
	function proofCard({ candidate }) {
		const at = candidate.package ? `--candidate ${candidate.package.name}` : "";
		return section("How to check this page", [element("p", { text: "A page can say anything. Whoever has this bundle and the public key checks who signed it, that no file was changed, and that the raw data come to this verdict:" }), commandLine(`floodgate verify . --key release.pub ${at}`.trim())]);
	}
	// page-entry
	startSignoff();
})();
