"""Configuration files of every system, with what has to be read from them.

`§` marks the line whose job and step are asked for; it is taken out of the text before it is read.
"""

from dataclasses import dataclass, field
from textwrap import dedent


@dataclass(frozen=True)
class Case:
    """`names` are the secrets of the whole file by how they are referred to; `job` to `when` are of the marked line."""

    system: str
    path: str
    marked: str
    names: dict[str, str] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    job: str = ""
    step: str = ""
    environment: str = ""
    when: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    crons: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return dedent(self.marked).lstrip("\n").replace("§", "")

    @property
    def line(self) -> int:
        return dedent(self.marked).lstrip("\n").partition("§")[0].count("\n") + 1


CASES = (
    Case(
        "github-actions",
        ".github/workflows/deploy.yml",
        """
        name: deploy
        on:
          push:
            branches: [main, 'release/**']
            tags: ['v*']
          pull_request:
          workflow_dispatch:
          schedule:
            - cron: '0 3 * * 1'
            - cron: '30 4 * * *'
        x-shared: &shared
          COMMON: ${{ secrets.COMMON }}
        jobs:
          release:
            environment:
              name: production
            env: *shared
            steps:
              - uses: ./.github/actions/setup
              - name: Publish
                run: |
                  ./scripts/release.sh "$UPLOAD_KEY"
                env:
                  GH_TOKEN: ${{ secrets.DEPLOY_KEY }}§
                  OTHER: ${{ secrets['SECOND_KEY'] || secrets.GITHUB_TOKEN }}
          # also: ${{ secrets.IN_A_COMMENT }}
          call:
            uses: ./.github/workflows/lib.yml
            secrets: inherit
        """,
        names={"COMMON": "secret", "DEPLOY_KEY": "secret", "SECOND_KEY": "secret", "*": "secret"},
        variables=("UPLOAD_KEY", "GH_TOKEN", "OTHER"),
        job="release",
        step="Publish",
        environment="production",
        when=(
            "push (main, release/**; tags v*)", "pull_request", "workflow_dispatch", "schedule 0 3 * * 1",
            "schedule 30 4 * * *",
        ),
        files=(
            (".github/actions/setup", "local action"), ("scripts/release.sh", "command"),
            (".github/workflows/lib.yml", "called workflow"),
        ),
        crons=("0 3 * * 1", "30 4 * * *"),
    ),
    Case(
        "github-actions",
        ".github/actions/setup/action.yml",
        """
        name: setup
        runs:
          using: composite
          steps:
            - name: Sign in
              shell: bash
              run: echo "$REGISTRY_TOKEN" | docker login --password-stdin§
        """,
        variables=("REGISTRY_TOKEN",),
        step="Sign in",
    ),
    Case(
        "gitlab-ci",
        ".gitlab-ci.yml",
        """
        include:
          - local: /ci/base.gitlab-ci.yml
        variables:
          DATABASE_URL: x
        .deploy:
          before_script:
            - echo $CI_DEPLOY_TOKEN§
          rules:
            - if: $CI_PIPELINE_SOURCE == "schedule"
            - if: $CI_COMMIT_TAG
              when: manual
        production:
          extends: .deploy
          environment: {name: production}
          secrets:
            VAULT_PASSWORD: {vault: production/db/password@ops}
          script:
            - ./bin/deploy.sh
        """,
        names={"VAULT_PASSWORD": "secret"},
        variables=("CI_DEPLOY_TOKEN", "DATABASE_URL"),
        job="production",
        environment="production",
        when=("schedule", "tag manual"),
        files=(("ci/base.gitlab-ci.yml", "include"), ("bin/deploy.sh", "command")),
    ),
    Case(
        "gitlab-ci",
        ".gitlab-ci.yml",
        """
        build:
          only: [schedules, tags, main]
          when: manual
          script: "curl -H \\"$API_TOKEN\\""§
        """,
        variables=("API_TOKEN",),
        job="build",
        when=("schedule", "tag", "push (main)", "manual"),
    ),
    Case(
        "jenkins",
        "Jenkinsfile",
        """
        pipeline {
          agent any
          triggers { cron('H 4 * * 1-5') }
          environment {
            AWS = credentials('aws-deploy') // credentials('in-a-comment')
          }
          stages {
            stage('Build { not a brace }') { steps { sh 'make' } }
            stage("Deploy") {
              when { branch 'main' }
              steps {
                withCredentials([usernamePassword(credentialsId: 'nexus', passwordVariable: 'NEXUS_PASS')]) {
                  sh './deploy.sh'§
                }
                sshagent(['deploy-ssh']) { sh "ssh prod" }
              }
            }
          }
        }
        """,
        names={"aws-deploy": "credentials id", "nexus": "credentials id", "deploy-ssh": "credentials id"},
        variables=("NEXUS_PASS", "AWS"),
        job="Deploy",
        when=("when branch 'main'",),
        files=(("deploy.sh", "command"),),
        crons=("H 4 * * 1-5",),
    ),
    Case(
        "jenkins",
        "jobs/nightly/config.xml",
        """
        <?xml version='1.1' encoding='UTF-8'?>
        <project>
          <scm class="hudson.plugins.git.GitSCM"><userRemoteConfigs>
            <hudson.plugins.git.UserRemoteConfig><credentialsId>git-deploy</credentialsId></hudson.plugins.git.UserRemoteConfig>
          </userRemoteConfigs></scm>
          <authToken>xyzzy</authToken>
          <triggers><hudson.triggers.TimerTrigger><spec>H 2 * * *</spec></hudson.triggers.TimerTrigger></triggers>
          <builders><hudson.tasks.Shell><command>curl -u "$NEXUS_TOKEN" https://nexus.example§</command></hudson.tasks.Shell></builders>
        </project>
        """,
        names={"git-deploy": "credentials id"},
        variables=("NEXUS_TOKEN",),
        job="nightly",
        when=("remote trigger with a token", "schedule H 2 * * *"),
        crons=("H 2 * * *",),
    ),
    Case(
        "circleci",
        ".circleci/config.yml",
        """
        version: 2.1
        jobs:
          deploy:
            docker:
              - image: private/image
                auth: {username: me, password: $DOCKERHUB_PASSWORD}
            steps:
              - checkout
              - run:
                  name: Ship
                  command: ./ship.sh --token "$HEROKU_API_KEY"§
        workflows:
          nightly:
            triggers:
              - schedule: {cron: "0 1 * * *", filters: {branches: {only: main}}}
            jobs:
              - deploy:
                  context: [production, aws]
                  filters: {tags: {only: /^v.*/}}
        """,
        names={"production": "context", "aws": "context", "DOCKERHUB_PASSWORD": "secret"},
        variables=("HEROKU_API_KEY",),
        job="deploy",
        step="Ship",
        when=("only tags /^v.*/", "schedule 0 1 * * *"),
        files=(("ship.sh", "command"),),
        crons=("0 1 * * *",),
    ),
    Case(
        "azure-pipelines",
        "azure-pipelines.yml",
        """
        trigger: {branches: {include: [main]}}
        pr: none
        schedules:
          - cron: "0 0 * * *"
            branches: {include: [main]}
        variables:
          - group: production-secrets
        stages:
          - stage: Release
            jobs:
              - deployment: web
                environment: production
                strategy:
                  runOnce:
                    deploy:
                      steps:
                        - task: AzureCLI@2
                          displayName: Push it
                          inputs:
                            azureSubscription: corp-connection
                            inlineScript: az login --password $(ClientSecret)§ $(Build.BuildId)
        """,
        names={"production-secrets": "variable group", "corp-connection": "service connection"},
        variables=("ClientSecret",),
        job="Release/web",
        step="Push it",
        environment="production",
        when=("push (main)", "schedule 0 0 * * *"),
        crons=("0 0 * * *",),
    ),
    Case(
        "bitbucket-pipelines",
        "bitbucket-pipelines.yml",
        """
        pipelines:
          branches:
            main:
              - step:
                  name: Deploy
                  deployment: production
                  trigger: manual
                  script:
                    - ./push.sh $AWS_SECRET_ACCESS_KEY§
          custom:
            nightly:
              - step: {script: [echo]}
        """,
        variables=("AWS_SECRET_ACCESS_KEY",),
        job="branches: main",
        step="Deploy",
        environment="production",
        when=("manual",),
        files=(("push.sh", "command"),),
    ),
    Case(
        "travis",
        ".travis.yml",
        """
        env:
          global:
            - secure: "AbCd"
            - STAGE_TOKEN=1
        deploy:
          provider: npm
          api_key: $NPM_API_KEY§
          on: {tags: true}
        """,
        names={"an encrypted value": "secret", "NPM_API_KEY": "secret"},
        variables=("STAGE_TOKEN",),
        job="deploy",
        when=("tag",),
    ),
    Case(
        "drone",
        ".drone.yml",
        """
        kind: pipeline
        name: default
        trigger: {event: [cron], cron: [nightly]}
        steps:
          - name: publish
            image: plugins/docker
            settings:
              password: {from_secret: docker_password}§
        ---
        kind: secret
        name: docker_password
        """,
        names={"docker_password": "secret"},
        job="default",
        step="publish",
        when=("schedule", "schedule nightly"),
    ),
    Case(
        "drone",
        ".woodpecker.yml",
        """
        steps:
          release:
            image: alpine
            commands: [./release.sh]
            secrets: [github_release_token]§
            when: {event: tag}
        """,
        names={"github_release_token": "secret"},
        job="default",
        step="release",
        when=("tag",),
        files=(("release.sh", "command"),),
    ),
    Case(
        "buildkite",
        ".buildkite/pipeline.yml",
        """
        env: {STAGE: prod}
        steps:
          - label: build
            command: make
          - block: Release?
          - label: release
            secrets: [NPM_PUBLISH]
            command: buildkite-agent secret get deploy_key§
        """,
        names={"NPM_PUBLISH": "secret", "deploy_key": "secret"},
        variables=("STAGE",),
        job="release",
        when=("manual unblock",),
    ),
    Case(
        "cloud-build",
        "deploy/cloudbuild.yaml",
        """
        steps:
          - name: gcr.io/cloud-builders/docker
            id: push
            entrypoint: bash
            args: ['-c', './push.sh $$PASSWORD']§
            secretEnv: [PASSWORD]
        availableSecrets:
          secretManager:
            - versionName: projects/$PROJECT_ID/secrets/docker-password/versions/latest
              env: PASSWORD
        """,
        names={"PASSWORD": "secret", "docker-password": "secret"},
        job="push",
        when=("as its trigger is set up",),
    ),
    Case(
        "argo",
        "argocd/apps/web.yaml",
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web}
        spec:
          destination: {namespace: prod}
          syncPolicy: {automated: {prune: true}}
          source:
            helm:
              valueFiles: [values-prod.yaml]
            plugin:
              env: [{name: SOPS_AGE_KEY, value: x}]§
        """,
        variables=("SOPS_AGE_KEY",),
        job="Application web",
        environment="prod",
        when=("every change of its source",),
        files=(("values-prod.yaml", "Helm values"),),
    ),
    Case(
        "argo",
        "k8s/report.yaml",
        """
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: report}
        spec:
          schedule: "5 4 * * *"
          workflowSpec:
            templates:
              - container:
                  env:
                    - name: DB_PASSWORD
                      valueFrom: {secretKeyRef: {name: db, key: password}}§
        """,
        names={"db/password": "secret"},
        variables=("DB_PASSWORD",),
        job="CronWorkflow report",
        when=("schedule 5 4 * * *",),
        crons=("5 4 * * *",),
    ),
    Case(
        "dockerfile",
        "docker/Dockerfile.prod",
        r"""
        FROM node:22 AS build
        ARG NPM_TOKEN
        COPY .npmrc package.json ./
        RUN --mount=type=secret,id=pip_conf \
            # a comment within
            ./install.sh && \
            echo "$BUILD_KEY"§
        FROM scratch
        ENV API_KEY=x OTHER_KEY=y
        COPY --from=build /app /app
        """,
        names={"pip_conf": "secret"},
        variables=("NPM_TOKEN", "API_KEY", "OTHER_KEY", "BUILD_KEY"),
        job="build",
        when=("image build",),
        files=((".npmrc", "COPY"), ("package.json", "COPY"), ("install.sh", "command")),
    ),
    Case(
        "compose",
        "deploy/docker-compose.prod.yml",
        """
        x-env: &env
          SHARED_TOKEN: ${SHARED_TOKEN}
        services:
          db: {image: postgres}
          web:
            image: web
            env_file: [.env, {path: ./prod.env, required: false}]
            environment:
              <<: *env
              DB_PASSWORD: ${DB_PASSWORD:?}§
            secrets: [smtp_password]
            volumes: ["./tls/key.pem:/key.pem:ro"]
        secrets:
          smtp_password: {file: ./smtp.txt}
        """,
        names={"smtp_password": "secret"},
        variables=("SHARED_TOKEN", "DB_PASSWORD"),
        job="web",
        when=("deployment",),
        files=(
            (".env", "env_file"), ("prod.env", "env_file"), ("tls/key.pem", "mounted file"),
            ("smtp.txt", "secret smtp_password"),
        ),
    ),
    Case(
        "kubernetes",
        "k8s/cron.yaml",
        """
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: backup, namespace: ops}
        spec:
          schedule: "15 2 * * *"
          jobTemplate:
            spec:
              template:
                spec:
                  imagePullSecrets: [{name: registry}]
                  containers:
                    - name: dump
                      envFrom: [{secretRef: {name: dump-env}}]
                      env:
                        - name: PGPASSWORD
                          valueFrom: {secretKeyRef: {name: pg, key: password}}§
                  volumes: [{name: tls, secret: {secretName: tls-cert}}]
        """,
        names={"registry": "secret", "dump-env": "secret", "pg/password": "secret", "tls-cert": "secret"},
        variables=("PGPASSWORD",),
        job="CronJob backup",
        step="dump",
        environment="ops",
        when=("schedule 15 2 * * *",),
        crons=("15 2 * * *",),
    ),
    Case(
        "kubernetes",
        "charts/web/templates/secret.yaml",
        """
        {{- if .Values.enabled }}
        apiVersion: v1
        kind: Secret
        metadata:
          name: {{ include "web.name" . }}-db
          labels: {{- include "web.labels" . | nindent 4 }}
        stringData:
          {{- range $k, $v := .Values.more }}
          {{ $k }}: {{ $v | quote }}
          {{- end }}
          DB_PASSWORD: {{ .Values.db.password | quote }}§
        {{- end }}
        """,
        names={"*-db": "secret"},
        variables=("DB_PASSWORD",),
        job="Secret *-db",
        when=("deployment",),
    ),
    Case(
        "kubernetes",
        "charts/web/values-prod.yaml",
        """
        image: web
        db:
          host: pg
          password: x§
          existingSecret: pg-credentials
        """,
        names={"pg-credentials": "secret"},
        variables=("password",),
        job="db",
        when=("deployment",),
    ),
    Case(
        "kubernetes",
        "overlays/prod/kustomization.yaml",
        """
        secretGenerator:
          - name: app-secrets
            envs: [.env.secret]
            files: [tls.key=keys/tls.key]§
        """,
        names={"app-secrets": "secret"},
        when=("deployment",),
        files=((".env.secret", "secretGenerator envs"), ("keys/tls.key", "secretGenerator files")),
    ),
    Case(
        "terraform",
        "infra/main.tf",
        """
        variable "db_password" {
          sensitive = true # }
        }
        resource "github_actions_secret" "deploy" {
          repository      = "web"
          secret_name     = "DEPLOY_KEY"
          plaintext_value = var.deploy_key§
        }
        data "aws_secretsmanager_secret" "api" { name = "prod/api" }
        locals { key = file("${path.module}/keys/id_rsa") }
        """,
        names={"db_password": "secret", "DEPLOY_KEY": "secret", "prod/api": "secret"},
        variables=("deploy_key",),
        job="resource github_actions_secret deploy",
        when=("apply",),
        files=(("keys/id_rsa", "file"),),
    ),
    Case("terraform", "prod.tfvars", "db_password = 1§\n# other = 1\n", variables=("db_password",), when=("apply",)),
    Case(
        "ansible",
        "ansible/site.yml",
        """
        - name: Web servers
          hosts: web
          vars_files: [vars/secret.yml]
          tasks:
            - name: Sign in
              uri: {url: x, headers: {a: "{{ lookup('env', 'API_TOKEN') }}"}}§
            - name: Copy
              copy: {src: files/key.pem, dest: /etc}
              vars: {p: "{{ db_password }}"}
        """,
        names={"API_TOKEN": "secret"},
        variables=("db_password",),
        job="Web servers",
        step="Sign in",
        environment="web",
        when=("when it is played",),
        files=(("vars/secret.yml", "vars_files"), ("files/key.pem", "src")),
    ),
    Case(
        "ansible",
        "group_vars/all/vault.yml",
        """
        db_password: !vault |
          $ANSIBLE_VAULT;1.1;AES256
          3132
        """,
        names={"db_password": "secret"},
        when=("when it is played",),
    ),
    Case(
        "ansible",
        "inventory/hosts.ini",
        "[web]\nweb1 ansible_user=me ansible_ssh_pass=x\n",
        names={"ansible_ssh_pass": "secret"},
        when=("when it is played",),
    ),
    Case(
        "package-manager",
        ".npmrc",
        "registry=https://npm.example/\n//npm.example/:_authToken=${NPM_TOKEN}§\n",
        names={"//npm.example:_authToken": "secret"},
        variables=("NPM_TOKEN",),
        job="//npm.example",
        when=("install or publish",),
    ),
    Case(
        "package-manager",
        ".pypirc",
        "[distutils]\nindex-servers = corp\n[corp]\nrepository = https://pypi.example\npassword = x§\n",
        variables=("password",),
        job="corp",
        when=("install or publish",),
    ),
    Case(
        "package-manager",
        "home/.netrc",
        "machine git.example\n  login me\n  password x§\nmachine other.example login you password y\n",
        job="git.example",
        when=("install or publish",),
    ),
    Case(
        "package-manager",
        ".m2/settings.xml",
        """
        <settings><servers>
          <server>
            <id>nexus</id>
            <password>${env.NEXUS_PASSWORD}</password>§
          </server>
        </servers></settings>
        """,
        names={"nexus": "secret"},
        variables=("NEXUS_PASSWORD",),
        job="server nexus",
        when=("build or deploy",),
    ),
    Case("package-manager", "gradle.properties", "signing.password=x\n", variables=("signing.password",),
         when=("install or publish",)),
    Case("dotenv", ".env.prod", "# x\nexport API_KEY=1\nURL=${BASE_URL}\n", variables=("API_KEY", "BASE_URL")),
)  # fmt: skip
