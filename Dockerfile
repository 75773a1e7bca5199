ARG PYTHON_VERSION=3.11
FROM python:${PYTHON_VERSION}-slim

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp

RUN groupadd --gid 10001 trader \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin trader \
    && install -d -o trader -g trader -m 0700 /app/data

WORKDIR /app

# The dependencies change seldom: their layer is kept while only the project changes.
COPY requirements.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --disable-pip-version-check --no-cache-dir --require-hashes -r requirements.lock

COPY pyproject.toml README.md alembic.ini supervisord.conf ./
COPY migrations ./migrations
# the pages that the MCP server tells agents, see resources.py
COPY docs/risk.md docs/steering.md docs/explain.md docs/exit-codes.md docs/mcp.md ./docs/
COPY binance_trade_agent ./binance_trade_agent
RUN /opt/venv/bin/pip install --disable-pip-version-check --no-cache-dir --no-deps --no-build-isolation -e . \
    && python -m compileall -q binance_trade_agent migrations

# Published on the host's loopback only, see docker-compose.yml.
ENV DATA_DIR=/app/data \
    LOG_FORMAT=json \
    DASHBOARD_HOST=0.0.0.0 \
    MCP_HOST=0.0.0.0 \
    MCP_ALLOWED_HOSTS=127.0.0.1:8080,localhost:8080 \
    METRICS_HOST=0.0.0.0

USER 10001:10001
VOLUME /app/data
EXPOSE 8050 8080 9108
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["binance-trade-agent", "health"]
CMD ["binance-trade-agent", "supervise"]
