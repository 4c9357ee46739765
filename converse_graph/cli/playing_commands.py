"""What the commands take that play a run, or ask a model about one."""

from converse_graph.cli import options
from converse_graph.cli.dispatch import call, judging_of


def run(
    scenario: options.ScenarioArgument,
    dials: options.Dials = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    seed: options.Seed = None,
    window: options.Window = None,
    until: options.Until = None,
    rounds: options.Rounds = None,
    name: options.RunName = None,
    store: options.StorePath = None,
    no_judge: options.NoJudge = False,
    judge_models: options.JudgeModels = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    max_turns: options.MaxTurns = None,
    max_minutes: options.MaxMinutes = None,
    prices: options.PricesFile = None,
    trace_private: options.TracePrivate = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Run a scenario to its horizon, and write its transcript.

    Ctrl-C pauses at the next step; `converse resume` goes on.
    """
    call(
        "run",
        debug=debug,
        reference=scenario,
        dials=dials or [],
        model=model,
        base_url=base_url,
        seed=seed,
        window=window,
        until=until,
        rounds=rounds,
        name=name,
        store=store,
        quiet=quiet,
        bounds=(max_usd, max_tokens, max_turns, max_minutes, prices),
        judging=judging_of(no_judge, judge_models),
        trace_private=trace_private,
    )


def estimate(
    scenario: options.ScenarioArgument,
    dials: options.Dials = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    window: options.Window = None,
    seed: options.Seed = None,
    until: options.Until = None,
    rounds: options.Rounds = None,
    no_judge: options.NoJudge = False,
    prices: options.PricesFile = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Say how many calls and tokens a run would take, and what it would cost, before anything is spent."""
    call(
        "estimate",
        debug=debug,
        reference=scenario,
        dials=dials or [],
        model=model,
        base_url=base_url,
        window=window,
        seed=seed,
        until=until,
        rounds=rounds,
        judged=not no_judge,
        prices=prices,
        as_json=as_json,
    )


def resume(
    run: options.RunArgument,
    store: options.StorePath = None,
    allow_changed: options.AllowChanged = False,
    no_judge: options.NoJudge = False,
    judge_models: options.JudgeModels = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    max_turns: options.MaxTurns = None,
    max_minutes: options.MaxMinutes = None,
    prices: options.PricesFile = None,
    trace_private: options.TracePrivate = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Go on with a run that was paused or killed; its model is remembered."""
    judging = judging_of(no_judge, judge_models)
    call(
        "resume",
        debug=debug,
        run=run,
        store=store,
        quiet=quiet,
        allow_changed=allow_changed,
        bounds=(max_usd, max_tokens, max_turns, max_minutes, prices),
        judging=judging,
        trace_private=trace_private,
    )


def judge(
    run: options.RunArgument,
    rubric: options.Rubric = None,
    judge_models: options.JudgeModels = None,
    repeats: options.Repeats = 1,
    base_url: options.BaseUrl = None,
    store: options.StorePath = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    prices: options.PricesFile = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Have a model judge a run by a rubric; the verdict goes to the top of its transcript.

    Several judges, or repeats, give their agreement too.
    """
    call(
        "judge",
        debug=debug,
        run=run,
        rubric=rubric,
        models=judge_models or [],
        repeats=repeats,
        base_url=base_url,
        store=store,
        bounds=(max_usd, max_tokens, None, None, prices),
        quiet=quiet,
        as_json=as_json,
    )


def extend(
    run: options.RunArgument,
    until: options.Until = None,
    rounds: options.Rounds = None,
    store: options.StorePath = None,
    no_judge: options.NoJudge = False,
    judge_models: options.JudgeModels = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    max_turns: options.MaxTurns = None,
    max_minutes: options.MaxMinutes = None,
    prices: options.PricesFile = None,
    trace_private: options.TracePrivate = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Go on with a run past its horizon, as one run."""
    judging = judging_of(no_judge, judge_models)
    call(
        "extend",
        debug=debug,
        run=run,
        until=until,
        rounds=rounds,
        store=store,
        quiet=quiet,
        bounds=(max_usd, max_tokens, max_turns, max_minutes, prices),
        judging=judging,
        trace_private=trace_private,
    )


def fork(
    run: options.RunArgument,
    at: options.ForkAt,
    say: options.Say = None,
    fields: options.Fields = None,
    dials: options.Dials = None,
    events: options.Events = None,
    event_dates: options.EventDates = None,
    parties: options.EventParties = None,
    until: options.Until = None,
    rounds: options.Rounds = None,
    seed: options.Seed = None,
    name: options.RunName = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    store: options.StorePath = None,
    no_judge: options.NoJudge = False,
    judge_models: options.JudgeModels = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    max_turns: options.MaxTurns = None,
    max_minutes: options.MaxMinutes = None,
    prices: options.PricesFile = None,
    trace_private: options.TracePrivate = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Make a run that shares another's past up to a turn, and go on with it.

    With a change (--say, --set, --event, --model) it keeps the seed, without one it draws another.
    """
    call(
        "fork",
        debug=debug,
        run=run,
        at=at,
        say=say,
        fields=fields or [],
        dials=dials or [],
        events=events or [],
        event_dates=event_dates or [],
        parties=parties or [],
        until=until,
        rounds=rounds,
        seed=seed,
        name=name,
        model=model,
        base_url=base_url,
        store=store,
        quiet=quiet,
        bounds=(max_usd, max_tokens, max_turns, max_minutes, prices),
        judging=judging_of(no_judge, judge_models),
        trace_private=trace_private,
    )


def replay(
    run: options.RunArgument,
    name: options.RunName = None,
    store: options.StorePath = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Play a run again from its journal, with no model."""
    call("replay", debug=debug, run=run, name=name, store=store, quiet=quiet)


def inject(
    run: options.RunArgument,
    at: options.At,
    event: options.Event,
    to: options.To = None,
    store: options.StorePath = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Let something happen at a date that a run has not come to."""
    call("inject", debug=debug, run=run, at=at, event=event, to=to, store=store, quiet=quiet)


def interview(
    run: options.RunArgument,
    question: options.QuestionArgument,
    party: options.PartyName,
    at: options.At,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    as_json: options.Json = False,
    store: options.StorePath = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Ask a party, as it was at the end of a period; nothing is kept of it."""
    call(
        "interview",
        debug=debug,
        run=run,
        question=question,
        party=party,
        at=at,
        model=model,
        base_url=base_url,
        as_json=as_json,
        store=store,
        quiet=quiet,
    )
