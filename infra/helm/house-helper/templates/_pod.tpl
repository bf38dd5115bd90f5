{{/* What every pod of the chart is held to: the "restricted" pod security standard. */}}
{{- define "house-helper.pod-security" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "house-helper.container-security" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* One variable out of the stack's Secret; takes the root and the variable's name. */}}
{{- define "house-helper.secret-variable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: { name: {{ .root.Values.existingSecret }}, key: {{ .name }} }
{{- end }}

{{/* The API's container; takes the root and a track. */}}
{{- define "house-helper.api-container" -}}
name: api
image: {{ include "house-helper.image" .image }}
imagePullPolicy: {{ .image.pullPolicy }}
{{ include "house-helper.container-security" . }}
ports:
  - { name: http, containerPort: 8080 }
env:
  - { name: PORT, value: "8080" }
  - { name: STACK, value: {{ .root.Values.stack | quote }} }
  - { name: REGION, value: {{ .root.Values.region | quote }} }
  - { name: TRACK, value: {{ .track }} }
  - { name: VERSION, value: {{ .image.tag | quote }} }
  {{- include "house-helper.secret-variable" (dict "root" .root "name" "DATABASE_URL") | nindent 2 }}
  {{- include "house-helper.secret-variable" (dict "root" .root "name" "REDIS_URL") | nindent 2 }}
startupProbe:
  httpGet: { path: /health, port: http }
  periodSeconds: 1
  failureThreshold: 60
readinessProbe:
  httpGet: { path: /health, port: http }
  periodSeconds: 5
  timeoutSeconds: 2
  failureThreshold: 2
livenessProbe:
  httpGet: { path: /health, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
lifecycle:
  # Gateways hear a moment later than the pod that it is going; until then it must answer.
  preStop:
    sleep: { seconds: 5 }
resources:
  {{- toYaml .root.Values.api.resources | nindent 2 }}
volumeMounts:
  - { name: tmp, mountPath: /tmp }
{{- end }}

{{/* The sidecar whose readiness is the region's right to serve. */}}
{{- define "house-helper.fence-container" -}}
name: fence
image: {{ include "house-helper.image" .fence.image }}
imagePullPolicy: IfNotPresent
{{ include "house-helper.container-security" . }}
ports:
  - { name: fence, containerPort: 8081 }
env:
  - { name: PORT, value: "8081" }
  - { name: OWN_SWITCH_URL, value: {{ required "fence.own is required" .fence.own | quote }} }
  - { name: OTHER_SWITCH_URL, value: {{ required "fence.other is required" .fence.other | quote }} }
  - { name: INTERVAL_SECONDS, value: {{ .fence.intervalSeconds | quote }} }
startupProbe:
  httpGet: { path: /health, port: fence }
  periodSeconds: 1
  failureThreshold: 60
readinessProbe:
  httpGet: { path: /ready, port: fence }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 1
livenessProbe:
  httpGet: { path: /health, port: fence }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
resources:
  {{- toYaml .fence.resources | nindent 2 }}
{{- end }}

{{/* A StatefulSet of one pod that relays operators to a server outside the cluster; takes root, component, image, port, variable. */}}
{{- define "house-helper.relay" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .component }}
  labels:
    {{- include "house-helper.labels" . | nindent 4 }}
spec:
  clusterIP: None
  selector:
    {{- include "house-helper.selector" . | nindent 4 }}
  ports:
    - { name: {{ .component }}, port: {{ .port }}, targetPort: relay }
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .component }}
  labels:
    {{- include "house-helper.labels" . | nindent 4 }}
spec:
  serviceName: {{ .component }}
  replicas: 1
  selector:
    matchLabels:
      {{- include "house-helper.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "house-helper.selector" . | nindent 8 }}
    spec:
      serviceAccountName: {{ .root.Release.Name }}
      {{- include "house-helper.pod-security" . | nindent 6 }}
      containers:
        - name: {{ .component }}
          image: {{ include "house-helper.image" .image }}
          imagePullPolicy: IfNotPresent
          {{- include "house-helper.container-security" . | nindent 10 }}
          ports:
            - { name: relay, containerPort: {{ .port }} }
          env:
            {{- include "house-helper.secret-variable" (dict "root" .root "name" .variable) | nindent 12 }}
          readinessProbe:
            tcpSocket: { port: relay }
            periodSeconds: 5
          resources:
            {{- toYaml .root.Values.relay.resources | nindent 12 }}
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
      volumes:
        - name: tmp
          emptyDir: { sizeLimit: 256Mi }
{{- end }}
