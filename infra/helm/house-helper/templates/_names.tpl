{{/* The name of the API's objects: <release>-api, and <release>-api-canary. */}}
{{- define "house-helper.api" -}}
{{ .Release.Name }}-api
{{- end }}

{{/* What a chart's object is part of; takes the root and a component. */}}
{{- define "house-helper.labels" -}}
{{ include "house-helper.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: house-helper
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* What finds a component's pods; takes the root, a component, and for the API a track. Fixed once a workload is made. */}}
{{- define "house-helper.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .track }}
house-helper.com/track: {{ . }}
{{- end }}
{{- end }}

{{/* An image's tag is its name for people, its digest is what is pulled. */}}
{{- define "house-helper.image" -}}
{{ .repository }}:{{ .tag }}{{ with .digest }}@{{ . }}{{ end }}
{{- end }}

{{/* The tracks that there are: stable, and with a canary canary. */}}
{{- define "house-helper.tracks" -}}
{{- $api := .Values.api -}}
{{- $name := include "house-helper.api" . -}}
{{- $tracks := list (dict "track" "stable" "name" $name "image" $api.image "minimum" $api.autoscaling.minimum) -}}
{{- if .Values.canary.enabled -}}
{{- $image := merge (deepCopy .Values.canary.image) (pick $api.image "repository" "pullPolicy") -}}
{{- $tracks = append $tracks (dict "track" "canary" "name" (printf "%s-canary" $name) "image" $image "minimum" .Values.canary.minimum) -}}
{{- end -}}
{{ toJson $tracks }}
{{- end }}
