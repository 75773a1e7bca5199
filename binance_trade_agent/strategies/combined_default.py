"""Four indicators vote on the state of the market; their weighted mean decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from binance_trade_agent.domain.decisions import Miss, Reason, SignalAction
from binance_trade_agent.strategies.base import Advice, Bar, Candles, NotWarm, Strategy
from binance_trade_agent.strategies.indicators import (
    FloatArray,
    adx,
    adx_settled,
    atr,
    bollinger,
    ema,
    ema_settled,
    macd,
    macd_settled,
    rsi,
    wilder_settled,
)
from binance_trade_agent.strategies.wording import index_miss, number, price_miss

# Sums of decimal weights carry binary noise: 0.3 + 0.3 - 0.2 must reach a threshold of 0.4.
_SCORE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class _Vote:
    """One voter: +1, 0 or −1. `to_buy` and `to_sell` are what is missing for +1 and −1, as shares of the price."""

    voter: str
    weight: float
    vote: int
    text: str
    to_buy: float
    to_sell: float


class CombinedDefault(Strategy):
    """BUY at a score of `threshold` with `quorum` voters for it, SELL at the mirror image.

    Votes are states, not events: RSI under `oversold` / over `overbought`, MACD line above /
    below its signal, close under the lower / over the upper band, EMA9 above / below EMA21.
    The score is the weighted mean over the voters that have a value. The RSI limits are those
    of a rising market (Cardwell's range rules), because only long positions are taken;
    docs/decisions/0002 says why the defaults are what they are.

    Vetoes stop a BUY, whatever its score: `adx_veto`, a falling trend (−DI over +DI) with an ADX of at
    least that; `atr_veto`, an average true range of more than that share of the price. 0 is off.
    """

    name: ClassVar[str] = "combined_default"

    rsi_weight: float = Field(default=0.3, ge=0, le=1, description="Weight of the vote of RSI.")
    macd_weight: float = Field(default=0.3, ge=0, le=1, description="Weight of the vote of MACD.")
    bollinger_weight: float = Field(
        default=0.2, ge=0, le=1, description="Weight of the vote of the Bollinger bands."
    )
    ema_weight: float = Field(default=0.2, ge=0, le=1, description="Weight of the vote of the two EMAs.")
    threshold: float = Field(default=0.4, gt=0, le=1, description="Score that buys, and mirrored sells.")
    quorum: int = Field(default=2, ge=1, le=4, description="Voters that must agree.")
    oversold: float = Field(default=40.0, gt=0, lt=50, description="RSI under which its vote is to buy.")
    overbought: float = Field(default=80.0, gt=50, lt=100, description="RSI over which its vote is to sell.")
    adx_veto: float = Field(
        default=0.0, ge=0, lt=100, description="ADX from which a falling trend stops a BUY; 0: off."
    )
    atr_veto: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Average true range, as a share of the price, over which no BUY; 0: off.",
    )

    @property
    def warmup_candles(self) -> int:
        """Candles until the slowest voter, and what vetoes, have settled."""
        veto = adx_settled(14) if self.adx_veto else 0
        return max(wilder_settled(14), macd_settled(26, 9), ema_settled(21), veto)

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`rsi`, `macd`, `macd_signal`, `upper`, `lower`, `ema_fast`, `ema_slow`, and what vetoes."""
        close = candles.close
        lines, bands = macd(close), bollinger(close)
        return self._vetoing(candles) | {
            "rsi": rsi(close),
            "macd": lines.line,
            "macd_signal": lines.signal,
            "upper": bands.upper,
            "lower": bands.lower,
            "ema_fast": ema(close, 9),
            "ema_slow": ema(close, 21),
        }

    def _vetoing(self, candles: Candles) -> dict[str, FloatArray]:
        """`adx`, `plus_di`, `minus_di`; `atr_share`; each if its veto is on."""
        high, low, close = candles.high, candles.low, candles.close
        found: dict[str, FloatArray] = {}
        if self.adx_veto:
            trend = adx(high, low, close)
            found |= {"adx": trend.adx, "plus_di": trend.plus_di, "minus_di": trend.minus_di}
        if self.atr_veto:
            found["atr_share"] = atr(high, low, close) / close
        return found

    def decide(self, bar: Bar) -> Advice:
        """The weighted mean of the votes against the threshold, if enough voters agree."""
        votes = self._votes(bar)
        weight = sum(vote.weight for vote in votes)
        if not weight:
            raise NotWarm("every voter")
        score = round(sum(vote.weight * vote.vote for vote in votes) / weight, _SCORE_DIGITS)
        action = self._action(score, votes)
        strength = min(1.0, abs(score))
        reasons = self._reasons(action, score, votes)
        if action is SignalAction.BUY and (veto := self._veto(bar)):
            return Advice(SignalAction.HOLD, strength, (veto[0], *reasons), veto[1])
        if action is SignalAction.HOLD:
            direction = +1 if bar.holding is None else -1
            return Advice(action, strength, reasons, self._nearest_miss(direction, score, votes))
        miss = self._nearest_miss(+1, score, votes) if action is SignalAction.SELL else None
        return Advice(action, strength, reasons, miss)

    def _veto(self, bar: Bar) -> tuple[Reason, Miss] | None:
        """What forbids buying, and by how much."""
        if self.adx_veto and bar.value("minus_di") > bar.value("plus_di"):
            trend = bar.value("adx")
            if trend >= self.adx_veto:
                text = f"the market falls with ADX {trend:.1f}; no buying from {self.adx_veto:g} on"
                return Reason("veto_adx", text), index_miss("ADX", trend, self.adx_veto, "veto")
        if self.atr_veto:
            share = bar.value("atr_share")
            if share > self.atr_veto:
                text = f"the true range is {number(share, 4)} of the price; no buying over {self.atr_veto:g}"
                return Reason("veto_atr", text), price_miss("true range", share, self.atr_veto, "veto", 1.0)
        return None

    def _reasons(self, action: SignalAction, score: float, votes: list[_Vote]) -> tuple[Reason, ...]:
        summary = Reason(f"score_{action.value.lower()}", self._summary(score, votes))
        return (summary, *(Reason(f"vote_{vote.voter}", f"{vote.vote:+d}: {vote.text}") for vote in votes))

    def _action(self, score: float, votes: list[_Vote]) -> SignalAction:
        if score >= self.threshold and _agreeing(votes, +1) >= self.quorum:
            return SignalAction.BUY
        if score <= -self.threshold and _agreeing(votes, -1) >= self.quorum:
            return SignalAction.SELL
        return SignalAction.HOLD

    def _votes(self, bar: Bar) -> list[_Vote]:
        """The votes of those that have a value and a weight."""
        votes = []
        if self.rsi_weight and not bar.isnan("rsi"):
            votes.append(self._rsi_vote(bar))
        if self.macd_weight and not bar.isnan("macd", "macd_signal"):
            line, signal = bar.value("macd"), bar.value("macd_signal")
            text = f"MACD {number(line, 4)} against its signal {number(signal, 4)}"
            votes.append(_above("macd", self.macd_weight, line, signal, text, bar.value("close")))
        if self.bollinger_weight and not bar.isnan("upper", "lower"):
            votes.append(self._bollinger_vote(bar))
        if self.ema_weight and not bar.isnan("ema_fast", "ema_slow"):
            fast, slow = bar.value("ema_fast"), bar.value("ema_slow")
            text = f"EMA9 {number(fast)} against EMA21 {number(slow)}"
            votes.append(_above("ema", self.ema_weight, fast, slow, text, bar.value("close")))
        return votes

    def _rsi_vote(self, bar: Bar) -> _Vote:
        now = bar.value("rsi")
        text = f"RSI {now:.1f} with limits {self.oversold:g} and {self.overbought:g}"
        vote = (now < self.oversold) - (now > self.overbought)
        # RSI has no price; a hundredth of its scale is taken to be worth a basis point of one
        to_buy, to_sell = (now - self.oversold) * 1e-4, (self.overbought - now) * 1e-4
        return _Vote("rsi", self.rsi_weight, vote, text, to_buy, to_sell)

    def _bollinger_vote(self, bar: Bar) -> _Vote:
        close, lower, upper = bar.value("close"), bar.value("lower"), bar.value("upper")
        text = f"close {number(close)} with bands {number(lower)} and {number(upper)}"
        vote = (close < lower) - (close > upper)
        to_buy, to_sell = (close - lower) / close, (upper - close) / close
        return _Vote("bollinger", self.bollinger_weight, vote, text, to_buy, to_sell)

    def _summary(self, score: float, votes: list[_Vote]) -> str:
        return (
            f"score {score:+.2f} of {len(votes)} voters ({_agreeing(votes, +1)} for buying,"
            f" {_agreeing(votes, -1)} for selling); buys at {self.threshold:+.2f}, sells at"
            f" {-self.threshold:+.2f}, with {self.quorum} agreeing"
        )

    def _nearest_miss(self, direction: int, score: float, votes: list[_Vote]) -> Miss:
        """How far the votes were from buying (+1) or selling (−1), and which voter was closest to changing to it."""
        side = "buying" if direction > 0 else "selling"
        short = round(self.threshold - direction * score, _SCORE_DIGITS)
        missing = self.quorum - _agreeing(votes, direction)
        if short > 0:
            text, distance = f"score {short:.2f} short of {side}", short
        else:
            text, distance = f"{missing} voters short of {side}", missing / len(votes)
        others = [vote for vote in votes if vote.vote != direction]
        if not others:
            return Miss(text, distance)
        closest = min(others, key=lambda vote: vote.to_buy if direction > 0 else vote.to_sell)
        return Miss(f"{text}; closest voter: {closest.text}", distance)


def _above(voter: str, weight: float, value: float, level: float, text: str, close: float) -> _Vote:
    """The vote of a line that is bullish above another."""
    gap = (value - level) / close
    return _Vote(voter, weight, (gap > 0) - (gap < 0), text, -gap, gap)


def _agreeing(votes: list[_Vote], direction: int) -> int:
    return sum(1 for vote in votes if vote.vote == direction)
